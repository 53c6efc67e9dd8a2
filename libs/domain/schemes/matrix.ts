import { z } from 'zod';
import { actionOf, actions, isPermission } from './actions.js';
import type { CompiledScheme } from './compiled.js';

const key = z.string();
const permission = z.string().nullable();

/** Who may do what under a scheme, as the scheme that decides says it: nothing here is written by hand. */
export const schemeMatrix = z.object({
  scheme: z.object({ id: z.string(), version: z.int() }),
  roles: z.array(
    z.object({
      key,
      title: z.string(),
      scope: z.string(),
      /** How many may hold it in one organization; a maximum of null is any number. */
      holders: z.object({ min: z.int(), max: z.int().nullable() }),
      /** The permissions that giving and taking it take; null where it comes otherwise. */
      assignedWith: permission,
      removedWith: permission,
      /** A second person confirms who is given the role. */
      confirmed: z.boolean(),
    }),
  ),
  permissions: z.array(
    z.object({
      name: z.string(),
      does: z.string(),
      scope: z.string(),
      /** What it also takes where it is asked of something in an environment; null where it takes nothing more. */
      and: permission,
      heldBy: z.array(key),
      /** Roles of an organization that imply, in every environment of it, a role that holds the permission. */
      impliedBy: z.array(key),
    }),
  ),
  options: z.array(z.object({ key: z.string(), title: z.string(), on: z.boolean() })),
});
export type SchemeMatrix = z.output<typeof schemeMatrix>;
type MatrixRole = SchemeMatrix['roles'][number];
type MatrixRow = SchemeMatrix['permissions'][number];

/** The matrix of a scheme: its roles, every permission that one of them holds, and its switches. */
export function matrixOf({ document, holders, implied, children }: CompiledScheme): SchemeMatrix {
  const names = Object.keys(actions).filter(isPermission);
  return {
    scheme: { id: document.id, version: document.version },
    roles: document.roles.map(({ key, title, scope, holders: bounds, assignedWith, removedWith, confirmed }) => ({
      key,
      title,
      scope,
      holders: bounds ?? { min: 0, max: null },
      assignedWith: assignedWith ?? null,
      removedWith: removedWith ?? null,
      confirmed,
    })),
    permissions: names.flatMap((name) => {
      const holding = holders.get(name);
      if (holding === undefined) return [];
      const { does, scope } = actionOf(name);
      const and = [...children.values()].map(({ conjunctions }) => conjunctions.get(name)).find(Boolean) ?? null;
      const keys = document.roles.map(({ key }) => key);
      const heldBy = keys.filter((key) => holding.has(key));
      const impliedBy = keys.filter(
        (key) => !holding.has(key) && implied.get(key)?.some((child) => holding.has(child)) === true,
      );
      return [{ name, does, scope, and, heldBy, impliedBy }];
    }),
    options: document.options.map(({ key, title, on }) => ({ key, title, on })),
  };
}

/** The matrix as a page of Markdown for people. */
export function markdownOf({ scheme, roles, permissions, options }: SchemeMatrix): string {
  const mark = ({ heldBy, impliedBy }: MatrixRow, key: string) =>
    heldBy.includes(key) ? '✓' : impliedBy.includes(key) ? '(✓)' : '';
  const does = ({ does: text, and }: MatrixRow) => (and === null ? text : `${text}; in an environment also \`${and}\``);
  const count = ({ min, max }: MatrixRole['holders']) =>
    max === null ? (min === 0 ? 'any number' : `at least ${min}`) : min === max ? `exactly ${min}` : `${min} to ${max}`;
  const takes = (needed: string | null) => (needed === null ? '' : `\`${needed}\``);
  const parts = [
    `# Who may do what: ${scheme.id}, version ${scheme.version}`,
    'Generated from the scheme that decides. ✓ holds the permission; (✓) holds it in every environment of the organization, by what the role implies there.',
    table(
      ['Permission', 'What it allows', ...roles.map(({ title }) => title)],
      permissions.map((row) => [`\`${row.name}\``, does(row), ...roles.map(({ key }) => mark(row, key))]),
    ),
    '## Roles',
    table(
      ['Role', 'Key', 'Reaches', 'Holders', 'Given with', 'Taken with'],
      roles.map(({ key, title, scope, holders, assignedWith, removedWith, confirmed }) => [
        title,
        `\`${key}\``,
        scope,
        scope === 'org' ? count(holders) : '',
        [takes(assignedWith), confirmed ? 'a second person' : ''].filter((each) => each !== '').join(', and '),
        takes(removedWith),
      ]),
    ),
    ...(options.length === 0 ? [] : ['## Switches', table(['Switch', 'What it does', 'Here'], options.map(optionRow))]),
  ];
  return `${parts.join('\n\n')}\n`;
}

const optionRow = ({ key, title, on }: SchemeMatrix['options'][number]) => [`\`${key}\``, title, on ? 'on' : 'off'];

/** Aligned, as formatters write it, so that a changed right is one changed line. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`;
  const [first = [], ...rest] = lines;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}
