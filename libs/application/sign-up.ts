import { isOfPlatform, letsIn } from '#libs/domain/realm/sign-in.js';
import type { Caller } from './caller.js';
import type { Folds } from './folds.js';
import { emailIndexesOf, type PersonalData } from './ports/personal-data.js';

/** The realm's rules do not let the person in; nothing of them is recorded. */
export class SignUpRefused extends Error {
  override readonly name = 'SignUpRefused';
}

/** Knows whom organizations wait for. */
export abstract class Expectations {
  /**
   * Whether an organization of the realm has added the person, or waits for one of the addresses, by all that the log holds
   * when this is called. Throws EventStoreUnavailable where that cannot be said for now.
   */
  abstract expects(realm: string, userId: string, emailIndexes: readonly string[]): Promise<boolean>;
}

/** Keeps out whom a realm's sign-up rules do not let in, when they come for the first time. */
export class SignUp {
  constructor(
    private readonly folds: Folds,
    private readonly personalData: PersonalData,
    private readonly expectations: Expectations,
  ) {}

  /** Throws SignUpRefused. */
  async admit({ id, realm: realmId, token: { email, groups } }: Caller): Promise<void> {
    if (await this.isKnown(id)) return;
    // Of what others have set until now, since a first visit is rare enough to ask.
    const { realm, settings } = (await this.folds.current('realm', realmId)).state;
    const rules = settings?.signUp;
    if (realm === undefined || rules === undefined || letsIn(rules, email)) return;
    const emailIndexes = email === null ? [] : emailIndexesOf(this.personalData, email);
    if (isOfPlatform(realm, { id, groups, emailIndexes })) return;
    if (!(await this.expectations.expects(realmId, id, emailIndexes)))
      throw new SignUpRefused(`the realm ${realmId} does not let in whom nobody has asked`);
  }

  /** A person who was erased is nobody's acquaintance. */
  private async isKnown(id: string): Promise<boolean> {
    const profile = async (of: 'recent' | 'current') => (await this.folds[of]('user', id)).state.user?.profileIndex;
    return typeof (await profile('recent')) === 'string' || typeof (await profile('current')) === 'string';
  }
}
