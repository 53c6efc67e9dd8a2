import { type Cell, matrix } from './cells.js';

/** Owner, admin, developer, viewer. */
export const teamsColumns = ['OW', 'AD', 'DV', 'VW'] as const;
export type TeamsColumn = (typeof teamsColumns)[number];

/** Developer and viewer are assigned to the one workspace and to the second one, and not to the third. */
export type TeamsPlace = 'org' | 'assigned' | 'second' | 'unassigned';

/** The developer is raised to admin in the assigned workspace, the viewer to developer; in the second one nobody is. */
const raised = 'raised';

const row = matrix<TeamsColumn, TeamsPlace>(teamsColumns);
const same = <V>(value: V) => ({ OW: value, AD: value });

/** Every cell of the teams matrix, one entry per permission that the row names. */
export const teamsCells: readonly Cell<TeamsColumn, TeamsPlace>[] = [
  row('C-M01', ['org:update@org'], 'edit the organization settings', '+H +H -H -H', { features: ['C8'] }),
  row(
    'C-M02',
    ['billing:manage@org', 'subscription:manage@org'],
    'manage billing and the subscription',
    '+H -H -H -H',
    { features: ['C22'] },
  ),
  row('C-M03', ['provider-key:manage@org'], 'configure own provider credentials', '+H -H -H -H', { features: ['C23'] }),
  row('C-M04', ['member:invite@org', 'member:manage@org'], 'invite and remove members', '+H +H -H -H', {
    features: ['C9', 'C15'],
  }),
  row('C-M05', ['member:set-role@org'], "change members' roles", '+H +H -H -H', { features: ['C13'] }),
  row('C-M06', ['environment:create@org'], 'create workspaces', '+H +H -H -H', { features: ['C29'] }),
  row('C-M07', ['environment:see@unassigned', 'environment:use@unassigned'], 'access all workspaces', '+H +H -H -H', {
    features: ['C25'],
  }),
  row('C-M08', ['environment:see@assigned'], 'access assigned workspaces', '+H +H +H +H', { features: ['C26'] }),
  row('C-M09', ['operation:run@assigned'], 'run operations', '+H +H +H -H', { features: ['C29', 'C30'] }),
  row('C-M10', ['environment:delete@assigned'], 'delete workspaces', '+M +H -M -M'),
  row('C-M11', ['org:transfer@org'], 'transfer the ownership', '+H -M -M -M', { features: ['C27'] }),
  row('C-M12', ['billing:view@org', 'usage:read@org'], 'view billing and usage', '+H -H -H -H'),
  row('C-M13', ['invitation:resend@org'], 'resend an invitation', '+M +M -M -M', { features: ['C11'] }),
  row('C-M14', ['invitation:cancel@org'], 'cancel an invitation', '+M +M -M -M', { features: ['C12'] }),
  row('C-M15', ['environment:grant@assigned'], 'edit workspace access', '+M +M -M -M', { features: ['C14'] }),
  row('C-M16', ['environment:override-role@assigned'], 'raise a role in one workspace', '+M +M -M -M'),
  row('C-M17', ['owner:appoint@org', 'owner:remove@org'], 'give and take the owner role', '+M ~-L -M -M', {
    options: { AD: 'admins-appoint-owners' },
  }),
  row('C-M18', ['environment-content:view@assigned'], 'view what an assigned workspace holds', '+M +H +H +H'),
  row('C-M19', ['environment:use@assigned'], 'use agents, connections and knowledge bases', '+M +M +H -M', {
    features: ['C29'],
  }),
  row('C-M20', ['environment-content:modify@assigned'], 'modify what a workspace holds', '+M +M ~+L -H', {
    features: ['C30'],
    options: { DV: 'developers-modify-resources' },
  }),
  row(
    'C-M21',
    ['environment-content:view@unassigned', 'environment:use@unassigned'],
    'view and use an unassigned workspace',
    '+H +H -H -H',
    { features: ['C25', 'C26'] },
  ),
  row('C-M22', ['environment:update@assigned'], 'edit workspace settings', '~+L ~+L ~-L -M', {
    options: { ...same('admins-edit-workspaces'), DV: 'developers-edit-workspaces' },
  }),
  row('C-M23', ['operation:run@assigned'], 'run where the viewer is raised to developer', '+M +M +M +H', {
    as: raised,
  }),
  row('C-M24', ['operation:run@second'], 'run where the same viewer is not raised', '+H +H +H -H', { as: raised }),
  row('C-M25', ['environment:grant@assigned'], 'manage members where the developer is raised to admin', '+M +M +M -M', {
    as: raised,
  }),
  row('C-M26', ['environment:create@org'], 'create another workspace, raised to admin in one', '+H +H -M -H', {
    features: ['C34'],
    as: raised,
  }),
  row('C-M27', ['billing:manage@org'], 'manage billing, raised in a workspace', '+H -H -H -H', {
    features: ['C34'],
    as: raised,
  }),
  row('C-M28', ['member:list@org'], 'see the list of members', '+M +M ~+L ~+L', {
    options: { DV: 'members-see-members', VW: 'members-see-members' },
  }),
  row('C-M29', ['environment:delete@assigned'], 'delete the workspace where raised to admin', '+M +H ~-L -M', {
    as: raised,
    options: { DV: 'workspace-admins-delete' },
  }),
  row('C-M30', ['environment:use@unassigned'], "use one workspace's resources from another", '-M -M -M -M', {
    through: 'assigned',
  }),
  row('C-M31', ['audit:read@org'], 'read the audit trail', '~+L ~+L ~-L ~+L', {
    options: { ...same('admins-read-audit'), DV: 'developers-read-audit', VW: 'viewers-read-audit' },
  }),
].flat();
