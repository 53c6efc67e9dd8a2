import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { SchemeRef } from '#libs/domain/schemes/reference.js';
import { observeConfiguration, type PlatformAdminSources } from '#libs/domain/realm/realm.js';
import { observeToken } from '#libs/domain/user/user.js';
import type { Appender } from './appender.js';
import type { Caller } from './caller.js';
import type { Folds } from './folds.js';
import type { Clock } from './ports/clock.js';
import { EventStoreUnavailable } from './ports/event-store.js';
import { emailIndexesOf, emailIndexOf, type PersonalData } from './ports/personal-data.js';
import { Recorder } from './recorder.js';

const OBSERVE = 'Observe';

export interface RealmConfiguration {
  readonly realmId: string;
  readonly scheme: SchemeRef;
  readonly adminGroup: string | null;
  readonly adminEmails: readonly string[];
  readonly systemUserId: string | null;
}

/**
 * Claims and settings never decide by themselves: what a verified token or the configuration says differently from the
 * log is appended first, and decisions read the log.
 */
export class Observations {
  private readonly recorder: Recorder;

  constructor(
    private readonly folds: Folds,
    appender: Appender,
    private readonly personalData: PersonalData,
    private readonly clock: Clock,
  ) {
    this.recorder = new Recorder(folds, appender, clock);
  }

  /** Makes the realm's stream agree with the configuration. Answers the realm's first event id, which names the log. */
  async configuration(wanted: RealmConfiguration): Promise<string> {
    const adminEmailIndexes = wanted.adminEmails.map((email) => emailIndexOf(this.personalData, email));
    const sources: PlatformAdminSources = { ...wanted, adminEmailIndexes };
    const folded = await this.recorder.record(
      'realm',
      wanted.realmId,
      { actor: 'configuration', realm: wanted.realmId, command: OBSERVE },
      ({ state }) => observeConfiguration(state, { realmId: wanted.realmId, scheme: wanted.scheme, sources }),
    );
    const { scheme, formerSchemes = [] } = folded.state.realm ?? {};
    const begun = (formerSchemes[0] ?? scheme)?.id;
    if (begun !== wanted.scheme.id)
      throw new Error(
        `the realm ${wanted.realmId} began with the scheme ${begun}, not ${wanted.scheme.id}: it changes by command alone`,
      );
    const first = folded.state.realm?.storeId;
    if (first === undefined)
      throw new Error(`the realm ${wanted.realmId} has no events after its configuration was observed`);
    return first;
  }

  /** Records what the caller's token shows of its person, where that is new, gone or soon too old to count. */
  async token(caller: Caller): Promise<void> {
    const realm = (await this.folds.recent('realm', caller.realm)).state.realm;
    if (realm === undefined) throw new EventStoreUnavailable(`the realm ${caller.realm} does not exist yet`);
    const { issuer, subject, email, name, groups, issuedAt } = caller.token;
    const observed = {
      userId: caller.id,
      issuer,
      subject,
      email,
      name,
      groups: groups.filter((group) => group === realm.adminGroup),
      emailIndex: this.bearing(email, realm.adminEmailIndexes),
      issuedAt,
    };
    const profiles = this.personalData.indexes('profile', JSON.stringify([issuer, subject, email, name]));
    const halfAge = (schemeOf(realm.scheme, realm).document.sources.claimMaxAge * 1000) / 2;
    await this.recorder.record(
      'user',
      caller.id,
      { actor: caller.id, realm: caller.realm, command: OBSERVE },
      ({ state }) => {
        // A profile that is known by a former key has not changed.
        const profileIndex = profiles.find((index) => index === state.user?.profileIndex) ?? profiles[0];
        return observeToken(state, { ...observed, profileIndex }, this.clock.now() - halfAge);
      },
    );
  }

  private bearing(email: string | null, allowlist: readonly string[]): string | null {
    const indexes = email === null ? [] : emailIndexesOf(this.personalData, email);
    return indexes.find((index) => allowlist.includes(index)) ?? null;
  }
}
