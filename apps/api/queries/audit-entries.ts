import { z } from 'zod';
import type { Origin } from '#libs/application/origin.js';
import type { PersonalData } from '#libs/application/ports/personal-data.js';
import { instant, slug, text } from '#libs/domain/text.js';
import { auditCategories, type AuditEntry } from '#projections/audit-log/queries.js';

const word = text(200).optional();

/** What entries are chosen by, of every read and export. */
export const auditFilter = {
  actor: word,
  action: word.meta({ description: "A command's name" }),
  target: word,
  outcome: word.meta({ description: '`allowed`; `denied` for want of a right; `refused` by a rule' }),
  from: instant.optional(),
  to: instant.optional(),
  environment: slug.optional(),
  correlation: word,
  credential: word,
};

const oneOf = `(${auditCategories.join('|')})`;
const listed = new RegExp(`^${oneOf}(,${oneOf}){0,${auditCategories.length - 1}}$`);

/** What entries of an organization are chosen by, too. */
export const categoryFilter = {
  category: z.string().regex(listed, `must be of ${auditCategories.join()}, separated by commas`).optional().meta({
    description:
      'Of which of its streams, separated by commas: `org`; `activity`: refusals and reads; `usage`. All unless given',
  }),
};

export const auditEntry = z.object({
  stream: z.string().meta({ description: "The organization's own stream, or that of its activity or usage" }),
  revision: z.string().meta({ description: 'In that stream' }),
  eventId: z.string(),
  position: z.string(),
  occurredAt: z.string(),
  actor: z.string(),
  credential: z.string().nullable(),
  delegate: z.string().optional().meta({ description: "Who acted in the actor's name, where the token said so" }),
  address: z.string().nullable().meta({ description: "The client's; null once the actor was erased" }),
  agent: z.string().nullable().meta({ description: "The client's User-Agent" }),
  justification: z.string().optional().meta({ description: 'As the header of that name said' }),
  action: z.string(),
  commandId: z.string(),
  event: z.string(),
  targets: z.array(z.string()),
  environment: z.string().nullable(),
  outcome: z.string(),
  role: z
    .string()
    .nullable()
    .meta({ description: 'That the actor acted by; of what was refused, all that the actor held' }),
  evidence: z.array(z.string()).meta({ description: 'The events that gave the actor the right' }),
  breakGlass: z
    .literal(true)
    .optional()
    .meta({ description: 'Where the actor held the role by the list of addresses for emergencies alone' }),
  scheme: z.string().nullable().meta({ description: 'Id and version of the role scheme that decided' }),
  reason: z.string().optional().meta({ description: 'Why not; absent where it was allowed' }),
  permission: z.string().optional().meta({ description: 'That was missing' }),
  correlation: z.string().nullable(),
  causation: z.string().optional(),
  trace: z.string().optional().meta({ description: 'W3C trace context, where it was traced' }),
  data: z.unknown().meta({ description: 'Of usage nothing: what was used is told to those who may read it' }),
});

export type ShownEntry = z.output<typeof auditEntry>;

/** Entries as they are given away, with the origins of those whose actor was not erased. */
export async function shownEntries(rows: readonly AuditEntry[], personalData: PersonalData): Promise<ShownEntry[]> {
  const sealed = rows.flatMap(({ actor, correlation, origin }) =>
    origin === null || correlation === null ? [] : [{ actor, correlation, sealed: origin }],
  );
  const opened = (await personalData.openOrigins(sealed))[Symbol.iterator]();
  return rows.map((row) =>
    shownEntry(row, row.origin === null || row.correlation === null ? null : (opened.next().value ?? null)),
  );
}

const shownEntry = (row: AuditEntry, origin: Origin | null): ShownEntry => ({
  stream: row.stream,
  revision: row.revision,
  eventId: row.event_id,
  position: `${row.commit}/${row.prepare}`,
  occurredAt: row.occurred_at,
  actor: row.actor,
  credential: row.credential,
  ...(row.delegate === null ? {} : { delegate: row.delegate }),
  address: origin?.address ?? null,
  agent: origin?.agent ?? null,
  ...(origin?.justification == null ? {} : { justification: origin.justification }),
  action: row.command,
  commandId: row.command_id,
  event: row.event_type,
  targets: row.targets,
  environment: row.environment_id,
  outcome: row.outcome,
  role: row.role,
  evidence: row.evidence,
  ...(row.break_glass ? { breakGlass: true } : {}),
  scheme: row.scheme,
  ...ruleOf(row),
  correlation: row.correlation,
  ...(row.causation === null ? {} : { causation: row.causation }),
  ...(row.trace === null ? {} : { trace: row.trace }),
  data: row.data,
});

const refusal = z.object({ code: z.string(), reason: z.string().optional(), permission: z.string().optional() });

function ruleOf({ outcome, data }: AuditEntry): Pick<ShownEntry, 'reason' | 'permission'> {
  const rule = outcome === 'allowed' ? undefined : refusal.safeParse(data).data;
  if (rule === undefined) return {};
  const { code, reason = code, permission } = rule;
  return permission === undefined ? { reason } : { reason, permission };
}
