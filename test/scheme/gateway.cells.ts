import { type Cell, matrix } from './cells.js';

/** Platform admin; org admin in the own organization, and toward another; member toward itself, and toward others and what is shared. */
export const gatewayColumns = ['PA', 'OA-own', 'OA-other', 'MB-self', 'MB-shared'] as const;
export type GatewayColumn = (typeof gatewayColumns)[number];

/** `org`, `project` and `account` are those that the column is about: the own ones, or another's. */
export type GatewayPlace = 'realm' | 'org' | 'project' | 'account' | 'forged_account';

const row = matrix<GatewayColumn, GatewayPlace>(gatewayColumns);
const of = (column: GatewayColumn) => matrix<GatewayColumn, GatewayPlace>([column]);
const forged = 'a member who forges a header';

/** Turns the platform's admins from admins of every organization into operators of the platform (X13). */
export const actsAsOrgAdmin = 'platformReach.actsAsOrgAdmin';
const acting = { options: { PA: actsAsOrgAdmin } };

/** Every cell of the gateway matrix, one entry per permission that the row names. */
export const gatewayCells: readonly Cell<GatewayColumn, GatewayPlace>[] = [
  row('G-M01', ['org:create@realm'], 'create an organization', '+H -H -H -H -H', { features: ['G3'] }),
  row('G-M02', ['org:delete@org'], 'delete an organization', '+H -H -H -H -H'),
  row('G-M03', ['admin:appoint@org'], 'appoint org admins', '+H ~-L -H -H -H', {
    features: ['G4'],
    options: { 'OA-own': 'admins-appoint-admins' },
  }),
  row('G-M04', ['pricing:set@realm'], 'set platform-wide pricing', '+H -M -H -H -H'),
  row('G-M05', ['login-method:set@realm'], 'set login methods', '+H -M -H -H -H'),
  row('G-M06', ['audit:read@org'], "read the organization's audit trail", '+H +H -H -M -H', {
    features: ['G7', 'G9', 'G21'],
  }),
  row('G-M07', ['usage:read@org'], "read the organization's usage", '+H +H -H -M -H', {
    features: ['G7', 'G9', 'G21'],
  }),
  row(
    'G-M08',
    ['environment:create@org', 'environment:update@project', 'environment:delete@project'],
    'manage projects',
    '~+L +H -H -H -H',
    { ...acting, features: ['G8', 'G20', 'G22'] },
  ),
  row('G-M09', ['member:manage@org'], 'manage members', '~+L +H -H -H -H', {
    ...acting,
    features: ['G8', 'G20', 'G22'],
  }),
  row('G-M10', ['provider-key:manage@org'], 'manage providers', '~+L +H -H -H -H', {
    ...acting,
    features: ['G8', 'G20', 'G22'],
  }),
  row('G-M11', ['routing:manage@org'], 'manage routing', '~+L +H -H -H -H', {
    ...acting,
    features: ['G8', 'G20', 'G22'],
  }),
  row('G-M12', ['budget:manage@org'], 'manage budgets', '~+L +H -H -H -H', {
    ...acting,
    features: ['G8', 'G20', 'G22'],
  }),
  row('G-M13', ['guardrail:manage@org'], 'manage guardrails', '~+L +H -H -H -H', {
    ...acting,
    features: ['G8', 'G20', 'G22'],
  }),
  row('G-M14', ['mcp-server:manage@org'], 'manage MCP servers', '~+L +H -H -H -H', {
    ...acting,
    features: ['G8', 'G20', 'G22'],
  }),
  row('G-M15', ['sso:manage@org'], 'manage single sign-on', '~+L +H -H -H -H', {
    ...acting,
    features: ['G8', 'G20', 'G22'],
  }),
  row('G-M16', ['own-usage:read@account'], 'read the own usage', '+M +M -M +H -H'),
  row('G-M17', ['own-blocked-request:read@account'], 'read the own blocked requests', '+M +M -M +H -H'),
  row('G-M18', ['own-api-key:manage@account'], 'manage the own API keys', '+M +M -M +H -H'),
  row('G-M19', ['member-api-key:manage@org'], "manage another user's API keys", '~-L ~+L -H -H -H', {
    options: { PA: 'platform-manages-member-keys', 'OA-own': 'admins-manage-member-keys' },
  }),
  // The column is the one whose identity is forged, with something that this one may do.
  of('PA')('G-M20', ['org:create@realm', 'pricing:set@realm'], 'a forged platform admin', '-H', {
    features: ['G23'],
    as: forged,
  }),
  of('OA-own')('G-M20', ['member:manage@org', 'audit:read@org'], 'a forged admin', '-H', {
    features: ['G23'],
    as: forged,
  }),
  of('OA-other')('G-M20', ['member:manage@org', 'audit:read@org'], "a forged other org's admin", '-H', {
    features: ['G23'],
    as: forged,
  }),
  of('MB-self')('G-M20', ['own-usage:read@forged_account'], 'a forged member toward itself', '-H', {
    features: ['G23'],
    as: forged,
  }),
  of('MB-shared')('G-M20', ['sso:manage@org', 'own-usage:read@account'], 'a forged member', '-H', {
    features: ['G23'],
    as: forged,
  }),
].flat();
