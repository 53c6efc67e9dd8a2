import { type Cell, matrix } from './cells.js';

/** Platform admin (no member of the organization), owner, admin, participant. */
export const enterpriseColumns = ['PA', 'OO', 'OA', 'PT'] as const;
export type EnterpriseColumn = (typeof enterpriseColumns)[number];

/** The participant was granted access to the one environment of the organization, and not to the other. */
export type EnterprisePlace =
  | 'realm'
  | 'org'
  | 'granted_environment'
  | 'ungranted_environment'
  | 'other_org_environment'
  | 'own_personal'
  | 'other_personal';

const row = matrix<EnterpriseColumn, EnterprisePlace>(enterpriseColumns);
const ofAdmin = matrix<EnterpriseColumn, EnterprisePlace>(['PA']);

/** Every cell of the enterprise matrix, one entry per permission that the row names. */
export const enterpriseCells: readonly Cell<EnterpriseColumn, EnterprisePlace>[] = [
  row('T-M01', ['org:create@realm', 'org:delete@org'], 'create and delete an organization', '+H -H -H -H', {
    features: ['T4', 'T8'],
  }),
  row('T-M02', ['org:transfer@org'], 'transfer the ownership', '+H -M -M -M'),
  row('T-M03', ['org:set-plan@org'], 'set the billing tier', '+H -M -M -M', { features: ['T10'] }),
  row('T-M04', ['provider-key:manage@org'], 'manage the API keys of AI providers', '-M +H +H -M'),
  row('T-M05', ['member:manage@org'], 'add and remove members', '-M +H +H -M', { features: ['T19', 'T20'] }),
  row(
    'T-M06',
    ['environment:create@org', 'environment:delete@granted_environment'],
    'create and delete environments',
    '-H +H +H -H',
    { features: ['T23', 'T25', 'T37'] },
  ),
  row('T-M07', ['environment:configure@granted_environment'], 'configure models and MCP servers', '-H +H +H -H', {
    features: ['T26', 'T28', 'T37'],
  }),
  row('T-M08', ['environment:grant@granted_environment'], 'grant and revoke access', '-M +H +H -M', {
    features: ['T30', 'T31'],
  }),
  row('T-M09', ['environment:use@granted_environment'], 'use an environment one has access to', '-M +H +H +H'),
  row('T-M10', ['environment:use@own_personal'], 'use the own personal environment', '+M +H +H +H', {
    features: ['T40'],
  }),
  row('T-M11', ['org:request-transfer@org'], 'ask for a transfer of the ownership', '-M +H -M -M'),
  row('T-M12', ['org:list@realm'], 'list all organizations', '+H -M -M -M', { features: ['T11'] }),
  row('T-M13', ['org:resolve@org'], 'resolve an organization by id', '+H -M -M -M', { features: ['T12'] }),
  row('T-M14', ['org-content:read@org'], "read the organization's content", '-H ~+L ~+L ~-L', {
    options: { OO: 'admins-read-content', OA: 'admins-read-content', PT: 'participants-read-content' },
  }),
  row('T-M15', ['admin:appoint@org'], 'appoint an admin', '-M +H ~+L -M', {
    features: ['T17', 'T18'],
    options: { OA: 'admins-appoint-admins' },
  }),
  row('T-M16', ['admin:remove@org'], 'remove an admin', '-M +M +H -M', { features: ['T18'] }),
  row('T-M17', ['owner:remove@org'], 'remove or demote the owner', '-M -M -M -M'),
  row('T-M18', ['environment:update@granted_environment'], 'rename and reconfigure', '-H +H +H -H', {
    features: ['T24', 'T37'],
  }),
  row('T-M19', ['environment:connect-oauth@granted_environment'], 'manage OAuth connections', '~-L +M +M ~-L', {
    options: { PT: 'users-connect-oauth' },
  }),
  row('T-M20', ['environment:see@granted_environment'], 'see a granted environment', '-M +H +H +H', {
    features: ['T32'],
  }),
  row(
    'T-M21',
    ['environment:see@ungranted_environment', 'environment:use@ungranted_environment'],
    'see and use an environment not granted',
    '-H +H +H -H',
    { features: ['T38', 'T39'] },
  ),
  row(
    'T-M22',
    ['environment:see@other_org_environment', 'environment:use@other_org_environment'],
    'see and use an environment of another organization',
    '-M -H -H -H',
  ),
  row(
    'T-M23',
    ['environment:see@other_personal', 'environment:use@other_personal'],
    "see and use somebody else's personal environment",
    '-M -H -H -H',
    { features: ['T40'] },
  ),
  row('T-M24', ['workflow:move@granted_environment'], 'move an own workflow to an accessible one', '-M +M +M +M'),
  row('T-M25', ['workflow:move@ungranted_environment'], 'move an own workflow to one not granted', '-M +M +M -M'),
  row(
    'T-M26',
    ['environment:use@ungranted_environment'],
    "use one environment's credential for another's model",
    '-H -H -H -H',
    { through: 'granted_environment' },
  ),
  ofAdmin('T-M27', ['environment:use@granted_environment'], 'use a granted environment', '+H', {
    features: ['T13'],
    as: 'participant',
  }),
  ofAdmin('T-M28', ['environment:use@ungranted_environment'], 'use one not granted', '-M', {
    features: ['T13'],
    as: 'participant',
  }),
].flat();
