import { type Cell, matrix } from './cells.js';

/** ORG Member, ORG Admin; the platform's operator; in workspaces: no member of it, viewer, collaborator, admin, implicit admin. */
const orgColumns = ['OM', 'OA'] as const;
const workspaceColumns = ['none', 'WV', 'WC', 'WA', 'OA-implicit'] as const;
export type StudioColumn = (typeof orgColumns)[number] | (typeof workspaceColumns)[number] | 'operator';

/** The ORG Member is a viewer of the own workspace, Workspace Admin of the administered one, and not in the other. */
export type StudioPlace = 'org' | 'own' | 'administered' | 'other';

const row = matrix<StudioColumn, StudioPlace>(orgColumns);
const inWorkspace = matrix<StudioColumn, StudioPlace>(workspaceColumns);
const ofOperator = matrix<StudioColumn, StudioPlace>(['operator']);

/** Every cell of the studio matrices, one entry per permission that the row names. */
export const studioCells: readonly Cell<StudioColumn, StudioPlace>[] = [
  row('V-M01', ['feature:discover@org'], 'discover', '+H +H'),
  row('V-M02', ['feature:define@org'], 'define workflows', '+H +H'),
  row('V-M03', ['feature:design@org'], 'design workflows', '+H +H'),
  row('V-M04', ['feature:build@org'], 'build', '+H +H'),
  row('V-M05', ['environment:see@own'], 'view workspaces: own memberships', '+H +H', { features: ['V11'] }),
  row('V-M05b', ['environment:see@other'], 'view workspaces: all', '-H +H', { features: ['V10', 'V11'] }),
  row('V-M06', ['environment:create@org'], 'create workspaces', '-H +H', { features: ['V10'] }),
  row('V-M07', ['environment:delete@own'], 'delete workspaces', '-H +H', { features: ['V10'] }),
  row('V-M08', ['environment:grant@other'], 'manage members of any workspace', '-H +H', { features: ['V9', 'V10'] }),
  row('V-M08b', ['environment:grant@administered'], 'manage members where Workspace Admin', '+H +H', {
    features: ['V13'],
  }),
  row('V-M09', ['feature:insights@org'], 'see insights', '+H +H', { features: ['V17'] }),
  row('V-M10', ['feature:costs@org'], 'see costs', '+H +H', { features: ['V17'] }),
  row('V-M11', ['dashboard:view@org'], 'see the standard dashboard', '+H +H'),
  row('V-M11b', ['dashboard:view-team@org', 'dashboard:view-billing@org'], 'see team and billing on it', '-H +H', {
    features: ['V12'],
  }),
  row('V-M12', ['settings:view@org'], 'see the settings', '-H +H', { features: ['V5'] }),
  row('V-M13', ['org-api-key:manage@org'], "manage the organization's API keys", '-H +H'),
  row('V-M14', ['ssh-key:view@org'], "see the workers' SSH key", '-H +H'),
  row('V-M15', ['billing:view@org'], 'view billing', '+H +H', { features: ['V7'] }),
  row('V-M15b', ['billing:manage@org'], 'full access to billing', '-H +H', { features: ['V5', 'V7'] }),
  row('V-M16', ['subscription:manage@org'], 'subscribe and cancel', '-H +H'),
  row('V-M17', ['billing-details:edit@org'], 'edit billing details', '-H +H'),
  row('V-M18', ['invoice:view@org'], 'see invoices', '+H +H', { features: ['V16'] }),
  row('V-M19', ['audit:read@org'], 'read the audit log', '-H +H', { features: ['V5'] }),
  row('V-M20', ['member:invite@org'], 'invite a user', '-H +H', { features: ['V15'] }),
  row('V-M21', ['admin:invite@org'], 'invite somebody as an ORG Admin', '-H -H', { features: ['V2'] }),
  row('V-M22', ['self:promote@org'], 'make oneself an ORG Admin', '-H -M', { features: ['V3'] }),
  row('V-M23', ['admin:appoint@org'], 'make another member an ORG Admin', '-H ~+L', {
    options: { OA: 'admins-appoint-admins' },
  }),
  row('V-M24', ['search:admin-shortcuts@org'], 'see the shortcuts of admins', '-H +H', { features: ['V8'] }),
  row('V-M25', ['member:manage@org'], 'remove a user', '-M +M'),
  row('V-M26', ['admin:remove@org'], 'make an ORG Admin a member again', '-H ~+L', {
    options: { OA: 'admins-demote-admins' },
  }),
  ofOperator('V-M27', ['admin:appoint@org'], 'make a member an ORG Admin', '+H'),
  inWorkspace('V-W1', ['environment-content:view@own'], 'view contents', '-M +H +H +H +H'),
  inWorkspace('V-W2', ['environment-content:assign@own'], 'assign products and projects', '-M -H +H +H +H'),
  inWorkspace('V-W3', ['environment:grant@own'], 'manage members', '-M -H -H +H +H', { features: ['V9', 'V13'] }),
  inWorkspace('V-W4', ['environment:delete@own'], 'delete this workspace', '-H -H -H -H +H'),
  inWorkspace('V-W5', ['environment:see@own'], 'find it in the own list', '-H +H +H +H +H'),
  inWorkspace(
    'V-W6',
    ['feature:build@own', 'feature:define@own', 'feature:design@own'],
    'build, define and design on an object of this workspace',
    '-M -M +M +M +M',
  ),
].flat();
