import { type Category, initialState, type StateByCategory } from '#libs/domain/aggregates.js';
import type { DocumentKey } from '#libs/domain/event.js';

export interface StoredDocument extends DocumentKey {
  readonly stream: string;
  readonly doc: unknown;
}

type Documents = readonly (DocumentKey & { readonly doc: unknown })[];

/**
 * An aggregate's state as far as the given documents tell: enough for the events that touch only these. The documents
 * were written from states of the same build's types, so their shapes hold.
 */
const assemble: { readonly [C in Category]: (documents: Documents) => StateByCategory[C] } = {
  org: (documents) =>
    documents.reduce((state, { kind, id, doc }) => {
      if (kind === 'org') return { ...state, org: doc as typeof state.org };
      if (kind === 'member') return { ...state, members: state.members.set(id, doc as Member) };
      if (kind === 'group') return { ...state, groups: state.groups.set(id, doc as Group) };
      if (kind === 'invitation') return { ...state, invitations: state.invitations.set(id, doc as Invitation) };
      if (kind === 'workflow') return { ...state, workflows: state.workflows.set(id, doc as Workflow) };
      if (kind === 'charge') return { ...state, charges: state.charges.set(id, doc as Charge) };
      if (kind === 'service') return { ...state, services: state.services.set(id, doc as Service) };
      if (kind === 'settings') return { ...state, settings: doc as OrgState['settings'] };
      return { ...state, environments: state.environments.set(id, doc as Environment) };
    }, initialState('org')),
  user: (documents) => documents.reduce((_, { doc }) => ({ user: doc as User }), initialState('user')),
  realm: (documents) =>
    documents.reduce(
      (state, { kind, doc }) =>
        kind === 'settings' ? { ...state, settings: doc as RealmState['settings'] } : { ...state, realm: doc as Realm },
      initialState('realm'),
    ),
  activity: () => initialState('activity'),
  usage: () => initialState('usage'),
};

type OrgState = StateByCategory['org'];
type Member = NonNullable<ReturnType<OrgState['members']['get']>>;
type Group = NonNullable<ReturnType<OrgState['groups']['get']>>;
type Invitation = NonNullable<ReturnType<OrgState['invitations']['get']>>;
type Workflow = NonNullable<ReturnType<OrgState['workflows']['get']>>;
type Charge = NonNullable<ReturnType<OrgState['charges']['get']>>;
type Service = NonNullable<ReturnType<OrgState['services']['get']>>;
type Environment = NonNullable<ReturnType<OrgState['environments']['get']>>;
type User = StateByCategory['user']['user'];
type RealmState = StateByCategory['realm'];
type Realm = RealmState['realm'];

const pick: { readonly [C in Category]: (state: StateByCategory[C], key: DocumentKey) => unknown } = {
  org: ({ org, members, groups, environments, invitations, workflows, charges, services, settings }, { kind, id }) => {
    if (kind === 'org') return org;
    if (kind === 'member') return members.get(id);
    if (kind === 'group') return groups.get(id);
    if (kind === 'invitation') return invitations.get(id);
    if (kind === 'workflow') return workflows.get(id);
    if (kind === 'charge') return charges.get(id);
    if (kind === 'service') return services.get(id);
    return kind === 'settings' ? settings : environments.get(id);
  },
  user: ({ user }) => user,
  realm: ({ realm, settings }, { kind }) => (kind === 'settings' ? settings : realm),
  activity: () => undefined,
  usage: () => undefined,
};

export const stateFrom = <C extends Category>(category: C, documents: Documents): StateByCategory[C] =>
  assemble[category](documents);

/** The document as it stands in the state; undefined where there is none. */
export const documentIn = <C extends Category>(category: C, state: StateByCategory[C], key: DocumentKey): unknown =>
  pick[category](state, key);
