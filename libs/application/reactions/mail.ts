import { z } from 'zod';
import type { OrgDocument } from '#libs/domain/access/documents.js';
import { orgEvents } from '#libs/domain/org/events.js';
import { isPending } from '#libs/domain/org/limits.js';
import { oneLine, slug } from '#libs/domain/text.js';
import type { Folds } from '../folds.js';
import { isUnnamed, namedAfter } from '../personal-orgs.js';
import type { Clock } from '../ports/clock.js';
import type { EventStore, StoredEvent } from '../ports/event-store.js';
import type { Mailer } from '../ports/mailer.js';
import type { PersonalData } from '../ports/personal-data.js';
import { parseStream, streamOf } from '../streams.js';
import { type Concern, type Due, type Reacted, Reaction } from './reaction.js';

/** `written`: there is no server to give it to; `nobody`: none is to be sent any more; `refused`: and it stays refused. */
export type MailOutcome = 'sent' | 'written' | 'nobody' | 'refused';

/** What may be told of a mail: nothing of whom it went to. */
export interface MailTold {
  readonly orgId: string;
  readonly invitationId: string;
  readonly outcome: MailOutcome;
  /** Of a refusal. */
  readonly code?: string;
}

export interface MailParts {
  readonly store: EventStore;
  readonly folds: Folds;
  readonly personalData: PersonalData;
  /** Undefined: mails are told of as written, and go nowhere. */
  readonly mailer: Mailer | undefined;
  readonly clock: Clock;
  /** Without a slash at the end. */
  readonly publicUrl: string;
  readonly told: (mail: MailTold) => void;
}

const does: Readonly<Record<string, Concern['does']>> = {
  InvitationCreated: 'begins',
  InvitationResent: 'begins',
  InvitationAccepted: 'ends',
  InvitationDeclined: 'ends',
  InvitationCanceled: 'ends',
};
const about = z.object({ invitationId: slug });
const profile = z.object({ name: z.string().nullable() });

/**
 * Mails an invitation to whom it is for, and again when it is sent again. The address is opened only here, so that whose
 * address was erased meanwhile gets none. Sent at least once: a repeat has the Message-ID of the first, which is the event's id.
 */
export class InvitationMail extends Reaction {
  override readonly name: string = 'mail';

  constructor(private readonly parts: MailParts) {
    super();
  }

  override concernOf({ stream, type, data }: StoredEvent): Concern | undefined {
    const { category, id } = parseStream(stream);
    if (category !== 'org' || !Object.hasOwn(does, type)) return undefined;
    return { key: `${id}/${about.parse(data).invitationId}`, does: does[type] ?? 'touches' };
  }

  override async react({ key, revision }: Due, signal: AbortSignal): Promise<Reacted> {
    const [orgId = '', invitationId = ''] = key.split('/');
    const told = await this.mail(orgId, invitationId, revision, signal);
    this.parts.told({ orgId, invitationId, ...told });
    return { outcome: told.outcome, restMs: 0 };
  }

  private async mail(
    orgId: string,
    invitationId: string,
    revision: bigint,
    signal: AbortSignal,
  ): Promise<Pick<MailTold, 'outcome' | 'code'>> {
    const { folds, mailer, clock } = this.parts;
    const { org, invitations } = (await folds.current('org', orgId)).state;
    const found = invitations.get(invitationId);
    if (org.status !== 'active' || found === undefined || found.addressErased === true) return { outcome: 'nobody' };
    if (!isPending(found, clock.now())) return { outcome: 'nobody' };
    if (mailer === undefined) return { outcome: 'written' };
    const cause = await this.eventAt(orgId, revision);
    const to = await this.addressOf(orgId, invitationId, cause);
    if (to === null) return { outcome: 'nobody' };
    const letter = this.letter({ orgId, name: await this.nameOf(org), ...found });
    const posted = await mailer.send({ messageId: cause.id, to, ...letter }, signal);
    return posted.accepted ? { outcome: 'sent' } : { outcome: 'refused', code: posted.code };
  }

  /** The link is no secret: it shows an invitation to nobody but whoever signs in with the address. */
  private letter(to: { orgId: string; name: string; id: string; role: string; expiresAt: string }) {
    const name = oneLine(to.name);
    const lines = [
      `You are invited to the organization "${name}" (${to.orgId}) with the role ${to.role}.`,
      '',
      'Sign in with this very address, and you find the invitation here:',
      '',
      `${this.parts.publicUrl}/v1/me/invitations`,
      '',
      `It is the invitation ${to.id}, and can be accepted or declined until ${to.expiresAt}.`,
      'If you did not expect it, you need not do anything.',
      '',
    ];
    return { subject: `You are invited to ${name}`, text: lines.join('\n') };
  }

  /** As reads call it: one that somebody was given at sign-up after its owner, as last seen, until it has a name (C1). */
  private async nameOf({ id, name, ownerId }: OrgDocument): Promise<string> {
    if (!isUnnamed(id, name)) return name;
    const { store, personalData } = this.parts;
    let seen: StoredEvent | undefined;
    for await (const page of store.read(streamOf('user', ownerId), 0n))
      seen = page.findLast(({ type }) => type === 'ProfileObserved') ?? seen;
    if (seen === undefined) return name;
    const [opened] = await personalData.open([seen]);
    const owner = profile.parse(opened?.data);
    return owner.name === null ? name : namedAfter(owner.name);
  }

  private async eventAt(orgId: string, revision: bigint): Promise<StoredEvent> {
    for await (const [event] of this.parts.store.read(streamOf('org', orgId), revision, 1))
      if (event !== undefined) return event;
    throw new Error(`org-${orgId} has no event ${revision}`);
  }

  /** Null once it was erased. Of an invitation that was sent again the stream is read from its beginning: that is rare. */
  private async addressOf(orgId: string, invitationId: string, cause: StoredEvent): Promise<string | null> {
    const { store, personalData } = this.parts;
    const creates = ({ type, data }: StoredEvent) =>
      type === 'InvitationCreated' && about.parse(data).invitationId === invitationId;
    let created = creates(cause) ? cause : undefined;
    if (created === undefined)
      for await (const page of store.read(streamOf('org', orgId), 0n)) {
        created = page.find(creates);
        if (created !== undefined) break;
      }
    if (created === undefined) throw new Error(`org-${orgId} has no invitation ${invitationId}`);
    const [opened] = await personalData.open([created]);
    return orgEvents.InvitationCreated.parse(opened?.data).email;
  }
}
