import type { Permission } from '#libs/domain/schemes/actions.js';

/** Platform admin (no member of the organization), owner, admin, participant. */
export const actors = ['PA', 'OO', 'OA', 'PT'] as const;
export type Actor = (typeof actors)[number];

/** The participant was granted access to the one environment of the organization, and not to the other. */
export type CellResource =
  | 'realm'
  | 'org'
  | 'granted_environment'
  | 'ungranted_environment'
  | 'other_org_environment'
  | 'own_personal'
  | 'other_personal';

/** One assertion of the enterprise matrix. Certainty: said verbatim (H), follows from the prose (M), or assumed (L). */
export interface Cell {
  readonly row: string;
  readonly actor: Actor;
  readonly certainty: 'H' | 'M' | 'L';
  readonly expected: 'allowed' | 'denied';
  readonly permission: Permission;
  readonly resource: CellResource;
  readonly situation: string;
  /** The platform admin was added to the organization with this role, and granted the granted environment. */
  readonly addedAs?: 'org.participant';
  /** The environment whose credential is used to reach a model of `resource`. */
  readonly through?: 'granted_environment';
}

type Mark = `${'' | '~'}${'+' | '-'}${'H' | 'M' | 'L'}`;
type Columns = readonly [PA: Mark, OO: Mark, OA: Mark, PT: Mark];
type Row = readonly [
  row: string,
  permission: Permission,
  resource: CellResource,
  situation: string,
  marks: Columns,
  more?: Pick<Cell, 'through'>,
];

const rows: readonly Row[] = [
  ['T-M01', 'org:create', 'realm', 'create an organization', ['+H', '-H', '-H', '-H']],
  ['T-M01', 'org:delete', 'org', 'delete the organization', ['+H', '-H', '-H', '-H']],
  ['T-M02', 'org:transfer', 'org', 'transfer the ownership', ['+H', '-M', '-M', '-M']],
  ['T-M03', 'org:set-plan', 'org', 'set the billing tier', ['+H', '-M', '-M', '-M']],
  ['T-M04', 'provider-key:manage', 'org', 'manage the API keys of AI providers', ['-M', '+H', '+H', '-M']],
  ['T-M05', 'member:manage', 'org', 'add and remove members', ['-M', '+H', '+H', '-M']],
  ['T-M06', 'environment:create', 'org', 'create an environment', ['-H', '+H', '+H', '-H']],
  ['T-M06', 'environment:delete', 'granted_environment', 'delete an environment', ['-H', '+H', '+H', '-H']],
  [
    'T-M07',
    'environment:configure',
    'granted_environment',
    'configure models and MCP servers',
    ['-H', '+H', '+H', '-H'],
  ],
  ['T-M08', 'environment:grant', 'granted_environment', 'grant and revoke access', ['-M', '+H', '+H', '-M']],
  ['T-M09', 'environment:use', 'granted_environment', 'use an environment one has access to', ['-M', '+H', '+H', '+H']],
  ['T-M10', 'environment:use', 'own_personal', 'use the own personal environment', ['+M', '+H', '+H', '+H']],
  ['T-M11', 'org:request-transfer', 'org', 'ask for a transfer of the ownership', ['-M', '+H', '-M', '-M']],
  ['T-M12', 'org:list', 'realm', 'list all organizations', ['+H', '-M', '-M', '-M']],
  ['T-M13', 'org:resolve', 'org', 'resolve an organization by id', ['+H', '-M', '-M', '-M']],
  ['T-M14', 'org-content:read', 'org', "read the organization's content", ['-H', '~+L', '~+L', '~-L']],
  ['T-M15', 'admin:appoint', 'org', 'appoint an admin', ['-M', '+H', '~+L', '-M']],
  ['T-M16', 'admin:remove', 'org', 'remove an admin', ['-M', '+M', '+H', '-M']],
  ['T-M17', 'owner:remove', 'org', 'remove or demote the owner', ['-M', '-M', '-M', '-M']],
  ['T-M18', 'environment:update', 'granted_environment', 'rename and reconfigure', ['-H', '+H', '+H', '-H']],
  ['T-M19', 'environment:connect-oauth', 'granted_environment', 'manage OAuth connections', ['~-L', '+M', '+M', '~-L']],
  ['T-M20', 'environment:see', 'granted_environment', 'see a granted environment', ['-M', '+H', '+H', '+H']],
  ['T-M21', 'environment:see', 'ungranted_environment', 'see an environment not granted', ['-H', '+H', '+H', '-H']],
  ['T-M21', 'environment:use', 'ungranted_environment', 'use an environment not granted', ['-H', '+H', '+H', '-H']],
  [
    'T-M22',
    'environment:see',
    'other_org_environment',
    'see an environment of another organization',
    ['-M', '-H', '-H', '-H'],
  ],
  [
    'T-M22',
    'environment:use',
    'other_org_environment',
    'use an environment of another organization',
    ['-M', '-H', '-H', '-H'],
  ],
  ['T-M23', 'environment:see', 'other_personal', "see somebody else's personal environment", ['-M', '-H', '-H', '-H']],
  ['T-M23', 'environment:use', 'other_personal', "use somebody else's personal environment", ['-M', '-H', '-H', '-H']],
  [
    'T-M24',
    'workflow:move',
    'granted_environment',
    'move an own workflow to an accessible one',
    ['-M', '+M', '+M', '+M'],
  ],
  [
    'T-M25',
    'workflow:move',
    'ungranted_environment',
    'move an own workflow to one not granted',
    ['-M', '+M', '+M', '-M'],
  ],
  [
    'T-M26',
    'environment:use',
    'ungranted_environment',
    "use one environment's credential for another's model",
    ['-H', '-H', '-H', '-H'],
    { through: 'granted_environment' },
  ],
];

function cell(mark: Mark): Pick<Cell, 'certainty' | 'expected'> {
  const certainty = mark.endsWith('H') ? 'H' : mark.endsWith('M') ? 'M' : 'L';
  return { certainty, expected: mark.includes('+') ? 'allowed' : 'denied' };
}

const added = { actor: 'PA', permission: 'environment:use', addedAs: 'org.participant' } as const;

/** Every cell of the enterprise matrix, one entry per permission that the row names. */
export const enterpriseCells: readonly Cell[] = [
  ...rows.flatMap(([row, permission, resource, situation, [PA, OO, OA, PT], more]) => {
    const marks = { PA, OO, OA, PT };
    return actors.map((actor) => ({ row, actor, ...cell(marks[actor]), permission, resource, situation, ...more }));
  }),
  {
    ...added,
    row: 'T-M27',
    ...cell('+H'),
    resource: 'granted_environment',
    situation: 'use a granted environment, added as a participant',
  },
  {
    ...added,
    row: 'T-M28',
    ...cell('-M'),
    resource: 'ungranted_environment',
    situation: 'use an environment not granted, added as a participant',
  },
];
