import type { RefusalCode } from '#libs/domain/decision.js';
import type { Appender } from '../appender.js';
import type { Folds } from '../folds.js';
import type { EventStore, Metadata } from '../ports/event-store.js';
import type { PersonalData } from '../ports/personal-data.js';
import { ClaimVoiding } from './claim-voiding.js';
import { MembershipClaims } from './membership-claims.js';
import { NameClaims } from './name-claims.js';

/** What an organization has to claim before its command is appended: others may want it at the same time. */
export interface Claimed {
  /** Who become members, where one may belong to one organization only. */
  readonly members: readonly string[];
  /** Names that it takes, where no other organization may have them. */
  readonly names: readonly string[];
}

/** What only one organization of a realm can have, across streams. */
export class Claims {
  private readonly members: MembershipClaims;
  private readonly names: NameClaims;

  constructor(store: EventStore, folds: Folds, appender: Appender, personalData: PersonalData) {
    const voiding = new ClaimVoiding(folds, appender);
    this.members = new MembershipClaims(folds, appender, voiding);
    this.names = new NameClaims(store, folds, voiding, personalData);
  }

  /** Why the organization cannot have all of that now; claims nothing. */
  async inTheWay({ members, names }: Claimed, orgId: string, realm: string): Promise<RefusalCode | undefined> {
    for (const userId of members) if (await this.members.elsewhere(userId, orgId, realm)) return 'member_elsewhere';
    for (const name of names) if (await this.names.elsewhere(name, orgId, realm)) return 'name_taken';
    return undefined;
  }

  /** As `inTheWay`, but claims: the organization's fold must be older than this call, and its append expect that revision. */
  async take({ members, names }: Claimed, orgId: string, metadata: Metadata): Promise<RefusalCode | undefined> {
    for (const userId of members) if (!(await this.members.take(userId, orgId, metadata))) return 'member_elsewhere';
    for (const name of names) if (!(await this.names.take(name, orgId, metadata))) return 'name_taken';
    return undefined;
  }
}
