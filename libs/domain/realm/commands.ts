import { z } from 'zod';
import { type Assignment, own } from '../access/documents.js';
import { type Decision, type Refusal, refuse } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';
import { instant, principalId, slug, text } from '../text.js';
import type { RealmEvent, RealmState } from './events.js';

/** What a decider of the realm knows beside the folded realm. */
export interface RealmDecisionContext {
  readonly scheme: CompiledScheme;
  /** Who sends the command. */
  readonly actor: string;
  /** When the command is decided. Milliseconds. */
  readonly at: number;
  /** What stands against erasing the person whom the command names; undefined where nothing is known of them. */
  readonly erasure?: ErasureObstacles | undefined;
}

/** Organizations of the realm, by id. */
export interface ErasureObstacles {
  readonly heldBy: readonly string[];
  /** Where the person is the last who holds a role that must be held. */
  readonly lastOwnerOf: readonly string[];
}

interface RealmCommandDefinition<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly decide: (state: RealmState, input: z.output<Schema>, context: RealmDecisionContext) => Decision<RealmEvent>;
}

const realmCommand = <Schema extends z.ZodType>(
  schema: Schema,
  decide: RealmCommandDefinition<Schema>['decide'],
): RealmCommandDefinition<Schema> => ({ schema, decide });

const person = z.strictObject({ userId: principalId });
const place = person.extend({ role: text(100) });
type Place = z.output<typeof place>;

/** Commands that append to the realm's own stream. */
const definitions = {
  AssignPlatformRole: realmCommand(
    place.extend({ notAfter: instant.optional() }),
    (state, { notAfter, ...of }, { scheme, actor, at }) => {
      if (scheme.roles.get(of.role)?.scope !== 'platform') return refuse('role_unknown');
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

type Definitions = typeof definitions;
type Schemas = { readonly [Name in keyof Definitions]: Definitions[Name]['schema'] };

export type RealmCommandName = keyof Definitions;
export type RealmCommandInput<Name extends RealmCommandName> = z.output<Schemas[Name]>;

// Each name keeps the schema and the rules of its own definition.
const each = <Part extends keyof RealmCommandDefinition<z.ZodType>>(part: Part) =>
  Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, definition[part]])) as unknown;

/** What each command of the realm takes. */
export const realmCommands = each('schema') as Schemas;

/** The rules of each command of the realm. */
export const realmDecisions = each('decide') as { readonly [Name in RealmCommandName]: Definitions[Name]['decide'] };
