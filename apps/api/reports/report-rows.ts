import type { AccessReview } from './access-review.js';
import type { ShownMovement, ShownPerson, ShownUse } from './access-review-shapes.js';

export const columns = [
  'section',
  'id',
  'name',
  'email',
  'role',
  'status',
  'resource',
  'held',
  'source',
  'notBefore',
  'notAfter',
  'at',
  'actor',
  'command',
  'evidence',
] as const;
export type Column = (typeof columns)[number];

/** One line of a table; absent cells are empty. */
export type Row = Readonly<Partial<Record<Column, string>>>;

type Event = ShownUse['event'];

/** A part of the report as a table. */
export interface Section {
  readonly name: string;
  readonly title: string;
  /** What it tells, for who reads it on paper. */
  readonly note: string;
  /** Those of the columns that say something here, and what a page calls them; names and addresses stand with the ids. */
  readonly columns: readonly (readonly [column: Column, title: string])[];
  rows(): AsyncIterable<Row>;
}

const decision = [
  ['at', 'When'],
  ['actor', 'By'],
  ['command', 'Command'],
  ['evidence', 'Events'],
] as const;
const who = [
  ['id', 'Who'],
  ['role', 'Role'],
] as const;

/** The sections in the order in which they are told: for tables of any kind. */
export const sectionsOf = (review: AccessReview): readonly Section[] => [
  {
    name: 'privileged',
    title: 'Privileged people',
    note: 'Who may decide about others: invite, remove, give roles or access.',
    columns: [...who, ['resource', 'On'], ['held', 'Permissions']],
    async *rows() {
      for await (const { privileges, role, ...named } of review.privileged())
        for (const { resource, permissions } of privileges)
          yield { ...cells(named), ...roleOf(role), resource: resource.id, held: permissions.join(' ') };
    },
  },
  {
    name: 'population',
    title: 'Everybody and their access',
    note: 'One line for each role that was held at the moment, with the decision that gave it.',
    columns: [
      ...who,
      ['status', 'Status'],
      ['resource', 'On'],
      ['held', 'Holds'],
      ['source', 'Through'],
      ['notBefore', 'From'],
      ['notAfter', 'Until'],
      ...decision,
    ],
    async *rows() {
      for await (const person of review.population()) yield* ofPerson(person);
    },
  },
  movements(review, 'joined', 'joiners', 'Joiners', 'Who became a member, and by which request.'),
  movements(review, 'moved', 'movers', 'Movers', 'Members whose role, suspension, groups or grants were changed.'),
  movements(review, 'left', 'leavers', 'Leavers', 'Who left, and how long after that the last access here ended.'),
  {
    name: 'keys',
    title: 'Keys and connections',
    note: 'By which environments act elsewhere, and machines and people here; since when, and until when.',
    columns: [
      ['id', 'Key'],
      ['source', 'Kind'],
      ['resource', 'Of'],
      ['status', 'Age'],
      ['notAfter', 'Until'],
      ...decision,
    ],
    async *rows() {
      for (const key of review.keys) {
        const { id, kind, ageDays, since } = key;
        const start = { id, source: kind.replaceAll('_', ' '), status: `${ageDays} days` };
        if (key.kind === 'oauth_connection')
          yield { ...start, name: key.name, resource: key.environment, ...decided([since]) };
        else {
          const end = key.notAfter === null ? {} : { notAfter: key.notAfter };
          const renewed = key.rotated === null || key.rotated.id === since.id ? [] : [key.rotated];
          yield { ...start, resource: key.owner, ...end, ...decided([since, ...renewed]) };
        }
      }
    },
  },
  {
    name: 'break-glass',
    title: 'Emergency access used',
    note: 'What was done by the role that the list of addresses gives for emergencies.',
    columns: [['id', 'Who'], ...decision],
    async *rows() {
      for await (const { event, ...named } of review.breakGlass()) yield { ...cells(named), ...decided([event]) };
    },
  },
];

function* ofPerson({ access, groups, unconfirmed, role, suspended, since, ...named }: ShownPerson): Iterable<Row> {
  const start = { ...cells(named), ...roleOf(role), status: suspended === null ? 'active' : 'suspended' };
  if (suspended !== null) yield { ...start, source: 'suspension', ...decided([suspended]) };
  for (const { resource, roles } of access)
    for (const { role: held, source, breakGlass, notBefore, notAfter, evidence } of roles)
      yield {
        ...start,
        resource: resource.id,
        held,
        source: breakGlass ? `${source} (emergency)` : source,
        ...(notBefore === null ? {} : { notBefore }),
        ...(notAfter === null ? {} : { notAfter }),
        ...decided(evidence),
      };
  for (const group of groups) yield { ...start, held: group.id, source: 'group', ...decided([group.since]) };
  for (const each of unconfirmed)
    yield { ...start, held: each.role, source: 'not confirmed', ...decided([each.assigned]) };
  if (since !== null && access.length === 0 && suspended === null) yield { ...start, ...decided([since]) };
}

const movements = (
  review: AccessReview,
  kind: Parameters<AccessReview['movements']>[0],
  name: string,
  title: string,
  note: string,
): Section => ({
  name,
  title,
  note,
  columns: [...who, ['status', kind === 'left' ? 'Last access ended' : 'Change'], ['source', 'Event'], ...decision],
  async *rows() {
    for await (const { event, requested, before, after, lastClosed, ...named } of review.movements(kind))
      yield {
        ...cells(named),
        role: [before?.role, after?.role]
          .filter((each, i, all) => each !== undefined && each !== all[i - 1])
          .join(' → '),
        status: kind === 'left' ? ended(lastClosed) : changed(before, after),
        source: event.type,
        ...decided(requested.id === event.id ? [event] : [requested, event]),
      };
  },
});

const ended = (closed: ShownMovement['lastClosed']): string =>
  closed ? `${closed.at}, after ${closed.seconds} s` : 'not yet';

function changed(before: ShownMovement['before'], after: ShownMovement['after']): string {
  if (before?.suspended !== after?.suspended && after !== null) return after.suspended ? 'suspended' : 'active';
  return '';
}

/** Events in order; the last one is the decision. */
function decided(evidence: readonly Event[]): Row {
  const last = evidence.at(-1);
  const ids = evidence.map(({ id }) => id).join(' ');
  return last === undefined ? {} : { at: last.at, actor: last.actor, command: last.command, evidence: ids };
}

const roleOf = (role: string | null): Row => (role === null ? {} : { role });
const cells = ({ id, name, email }: { id: string; name: string | null; email: string | null }): Row => ({
  id,
  ...(name === null ? {} : { name }),
  ...(email === null ? {} : { email }),
});
