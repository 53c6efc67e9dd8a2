import { permit } from '#libs/domain/access/permit.js';
import type { DecisionContext } from '#libs/domain/command.js';
import { invitationsTo, type OrgState } from '#libs/domain/org/org.js';
import type { RealmDecisionContext } from '#libs/domain/realm/command.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { PlatformFacts } from './authorize.js';
import { createdIdOf } from './command-ids.js';
import type { Plan } from './command-request.js';
import { emailIndexesOf, type Indexes, type PersonalData } from './ports/personal-data.js';

interface Known {
  readonly scheme: CompiledScheme;
  readonly at: number;
  readonly org: OrgState | undefined;
  /** Where it was read. */
  readonly platform: PlatformFacts | undefined;
}

/** What the deciders of a request's step know beside the folded state. */
export function contextOf(
  { id, caller, keys }: Plan,
  index: number,
  { scheme, at, org, platform }: Known,
  personalData: PersonalData,
): DecisionContext & Pick<RealmDecisionContext, 'mayUnder'> {
  const { email } = caller.token;
  const emailIndex = (address: string) => indexIn(org, emailIndexesOf(personalData, address));
  const realmDocument = platform?.realm.state.realm;
  const ofRealm = { realm: realmDocument, user: platform?.user.state.user };
  const ofNoOrg = { org: undefined, member: undefined, environment: undefined };
  return {
    scheme,
    newId: createdIdOf(id, index),
    actor: caller.id,
    realm: caller.realm,
    at,
    emailIndex,
    actorEmailIndex: email === null ? null : emailIndex(email),
    byKey: caller.apiKey !== undefined,
    inSession: typeof caller.activeOrg === 'string',
    newKey: (place) => keys.of(place),
    realmDocument,
    mayUnder: (other, permission) =>
      permit(
        { scheme: other, ...ofRealm, ...ofNoOrg },
        { principal: caller.id, permission, resource: { kind: 'realm' }, at },
      ).allowed,
  };
}

/** The index by which an organization already waits for the address, else that of the present key. */
function indexIn(org: OrgState | undefined, indexes: Indexes): string {
  const [present, ...former] = indexes;
  if (former.length === 0 || org === undefined) return present;
  const waits = (index: string) => invitationsTo(org, index).some(({ status }) => status === 'pending');
  return indexes.find(waits) ?? present;
}
