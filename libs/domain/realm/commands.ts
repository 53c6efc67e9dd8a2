import { z } from 'zod';
import { type Assignment, own } from '../access/documents.js';
import { machineOf } from '../access/machines.js';
import { partsOf } from '../command.js';
import { type Refusal, refuse } from '../decision.js';
import { opaqueDocument } from '../org/fields.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { instant, principalId, slug, text } from '../text.js';
import { realmCommand } from './command.js';
import type { RealmState } from './state.js';
import { createRealm } from './create-realm.js';
import { define, schemeOfRealm, schemeVersion, storableScheme } from './schemes.js';
import { platformModelCommands } from './platform-model-commands.js';
import { givesMachinesTooMuch, serviceAccountCommands } from './service-account-commands.js';
import { signInCommands } from './sign-in-commands.js';

const person = z.strictObject({ userId: principalId });
const place = person.extend({ role: text(100) });
type Place = z.output<typeof place>;

/** Commands that append to the realm's own stream. */
const definitions = {
  AssignPlatformRole: realmCommand(
    place.extend({ notAfter: instant.optional() }),
    (state, { notAfter, ...of }, { scheme, actor, at }) => {
      const role = scheme.roles.get(of.role);
      if (role?.scope !== 'platform') return refuse('role_unknown');
      if (machineOf(actor) !== undefined) return refuse('not_for_machines');
      // As AssignRole asks of an organization's own.
      if (role.confirmed && notAfter === undefined) return refuse('end_needed');
      if (notAfter !== undefined && Date.parse(notAfter) <= at) return refuse('grant_window_empty');
      const present = assignmentOf(state, of);
      if (present !== undefined && present.notAfter === notAfter && present.assignedBy === actor) return [];
      const until = notAfter === undefined ? {} : { notAfter };
      return [{ type: 'PlatformRoleAssigned', data: { ...of, assignedBy: actor, ...until } }];
    },
  ),

  /** By somebody other than the one who assigned it and the one who is to hold it. */
  ConfirmPlatformRole: realmCommand(place, (state, of, { actor, at }) => {
    const present = assignmentOf(state, of);
    if (present === undefined || isOver(present, at)) return refuse('assignment_not_found');
    if (present.confirmed) return [];
    if (machineOf(actor) !== undefined) return refuse('not_for_machines');
    if (actor === present.assignedBy || actor === of.userId) return refuse('confirmation_by_another');
    return [{ type: 'PlatformRoleConfirmed', data: { ...of, confirmedBy: actor } }];
  }),

  RevokePlatformRole: realmCommand(place, (state, of) =>
    assignmentOf(state, of) === undefined ? [] : [{ type: 'PlatformRoleRevoked', data: of }],
  ),

  /** By a place in the platform's own team (T5), in the team that the scheme names first. */
  AddPlatformAdmin: realmCommand(
    person.extend({ role: slug.default('admin') }),
    (state, { userId, role }, { scheme }) => {
      const team = teamOf(scheme, role);
      if (typeof team !== 'string') return team;
      const present = own(own(state.realm?.teams ?? {}, team) ?? {}, userId);
      return present?.role === role ? [] : [{ type: 'TeamMemberSet', data: { team, userId, role } }];
    },
  ),

  RemovePlatformAdmin: realmCommand(person, (state, { userId }, { scheme }) => {
    const team = teamOf(scheme);
    if (typeof team !== 'string') return team;
    const present = own(own(state.realm?.teams ?? {}, team) ?? {}, userId);
    return present === undefined ? [] : [{ type: 'TeamMemberRemoved', data: { team, userId } }];
  }),

  /** Adds a version; see `define`. */
  DefineRoleScheme: realmCommand(z.strictObject({ document: storableScheme }), ({ realm }, { document }, { scheme }) =>
    realm === undefined ? refuse('scheme_unknown') : define(realm, document, scheme),
  ),

  /** From then on organizations begin under it, and the realm's own questions are decided by it. */
  AdoptRoleScheme: realmCommand(schemeVersion, ({ realm }, { schemeId: id, version }, { mayUnder }) => {
    const scheme = realm && schemeOfRealm(realm, { id, version });
    if (realm === undefined || scheme === undefined) return refuse('scheme_unknown');
    if (realm.scheme.id === id && realm.scheme.version === version) return [];
    if (!mayUnder(scheme, 'role-scheme:define')) return refuse('scheme_locks_out');
    if (givesMachinesTooMuch(realm, scheme)) return refuse('not_for_machines');
    return [{ type: 'RoleSchemeAdopted', data: { scheme: { id, version } } }];
  }),

  /** Platform-wide prices; each change is a version. */
  SetPricing: realmCommand(z.strictObject({ document: opaqueDocument }), ({ settings }, { document }) => {
    const text = JSON.stringify(document);
    const present = settings?.pricing;
    if (present?.document === text) return [];
    return [{ type: 'PricingSet', data: { version: (present?.version ?? 0) + 1, document: text } }];
  }),

  ...createRealm,
  ...signInCommands,
  ...platformModelCommands,
  ...serviceAccountCommands,

  EraseUser: realmCommand(person, (_, { userId }, { erasure }) => {
    if (erasure === undefined) return refuse('person_not_found');
    const { heldBy, lastOwnerOf } = erasure;
    if (heldBy.length > 0) return { refused: 'under_legal_hold', orgs: heldBy };
    if (lastOwnerOf.length > 0) return { refused: 'last_owner', orgs: lastOwnerOf };
    return [{ type: 'PersonErasureRequested', data: { userId } }];
  }),
};

/** A team knows the roles that the scheme names, and plain participants, who are no admins. */
function teamOf({ document }: CompiledScheme, role?: string): string | Refusal {
  const [source] = document.sources.teamMembership;
  if (source === undefined) return refuse('team_unknown');
  if (role !== undefined && role !== 'participant' && !source.roles.includes(role)) return refuse('team_unknown');
  return source.team;
}

function assignmentOf({ realm }: RealmState, { userId, role }: Place): Assignment | undefined {
  return own(own(realm?.assignments ?? {}, userId) ?? {}, role);
}

const isOver = ({ notAfter }: Assignment, at: number): boolean => notAfter !== undefined && at >= Date.parse(notAfter);

export type RealmCommandName = keyof typeof definitions;

/** What each command of the realm takes. */
export const realmCommands = partsOf(definitions, 'schema');

/** The rules of each command of the realm. */
export const realmDecisions = partsOf(definitions, 'decide');
