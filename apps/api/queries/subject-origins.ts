import type { ApiServices } from '../services.js';
import { auditedStreams, type ActedFrom, originsOf } from '#projections/audit-log/queries.js';

const PAGE = 1000;

interface Used {
  readonly address: string | null;
  readonly agent: string | null;
  readonly first: string;
  readonly last: string;
  readonly events: number;
  readonly justifications: readonly string[];
}

/** From where a person acted, one entry for each client, in order of their first use; `within` one organization, or everywhere. */
export async function originsIn(
  { reads, personalData }: Pick<ApiServices, 'reads' | 'personalData'>,
  userId: string,
  within: string | undefined,
): Promise<(Omit<Used, 'justifications'> & { justifications: string[] })[]> {
  const streams = within === undefined ? undefined : auditedStreams(within);
  const used = new Map<string, Used>();
  for (let after: ActedFrom | undefined; ; ) {
    const rows = await originsOf(reads, userId, after, PAGE);
    const opened = await personalData.openOrigins(
      rows.map(({ correlation, origin }) => ({ actor: userId, correlation: correlation ?? '', sealed: origin })),
    );
    for (const [i, { stream, occurred_at: at }] of rows.entries()) {
      const origin = opened[i];
      if (origin == null || streams?.includes(stream) === false) continue;
      const { address, agent, justification } = origin;
      const key = JSON.stringify([address, agent]);
      const before = used.get(key) ?? { address, agent, first: at, last: at, events: 0, justifications: [] };
      used.set(key, {
        ...before,
        first: at < before.first ? at : before.first,
        last: at > before.last ? at : before.last,
        events: before.events + 1,
        justifications:
          justification === null || before.justifications.includes(justification)
            ? before.justifications
            : [...before.justifications, justification],
      });
    }
    if (rows.length < PAGE) break;
    after = rows.at(-1);
  }
  return [...used.values()]
    .sort((a, b) => (a.first < b.first ? -1 : 1))
    .map((each) => ({ ...each, justifications: [...each.justifications] }));
}
