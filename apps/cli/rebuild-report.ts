import type { SchemaDifference } from '#libs/readstore/compare-schemas.js';
import type { RebuildReport } from '#libs/readstore/rebuild.js';

const SHOWN_PER_TABLE = 3;

export function table(
  counts: ReadonlyMap<string, string>,
  differences: readonly SchemaDifference[] | undefined,
): string {
  const differing = new Map(differences?.map(({ table: name, count }) => [name, count]));
  const head = ['table', 'rebuilt rows', 'differing'];
  const body = [...counts].map(([name, count]) => [name, count, differences ? (differing.get(name) ?? '0') : '-']);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  return `${[head, ...body].map(line).join('\n')}\n`;
}

export function described({ table: name, count, first }: SchemaDifference): string {
  const rows = first.slice(0, SHOWN_PER_TABLE).map(({ key, live, rebuilt }) => {
    const lines = [`  live     ${JSON.stringify(live)}`, `  rebuilt  ${JSON.stringify(rebuilt)}`];
    return [`${name} ${JSON.stringify(key)}`, ...lines].join('\n');
  });
  const more = Number(count) - rows.length;
  return `\n${rows.join('\n')}\n${more > 0 ? `… and ${more} more in ${name}\n` : ''}`;
}

export function conclusion(
  { events, position, differences, swapped, generation }: RebuildReport,
  back: boolean,
): string {
  const upTo = `${events} events up to ${position ?? 'the start'}`;
  if (back) return `The former read models are back in place (${generation.schema}), after ${upTo}.`;
  const became = swapped
    ? `The rebuilt read models are in place (${generation.schema}); \`tenantry rebuild --back\` switches back.`
    : 'The live read models were left as they are.';
  if (differences === undefined)
    return `Rebuilt from ${upTo}; not compared, because there were no live read models of this build and this log. ${became}`;
  const verdict = differences.length === 0 ? 'every row is equal' : `rows differ in ${differences.length} tables`;
  const stays = !swapped && differences.length > 0 ? ` The rebuilt ones stand in ${generation.schema}.` : '';
  return `Rebuilt from ${upTo}: ${verdict}. ${became}${stays}`;
}
