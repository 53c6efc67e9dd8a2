import { type Cell, matrix } from './cells.js';

/** Owner, admin, member; a signed-in account that is no member. */
export const projectsColumns = ['OW', 'AD', 'ME', 'NM'] as const;
export type ProjectsColumn = (typeof projectsColumns)[number];

/** All four belong to the second organization as members too; the session is in the first one. */
export type ProjectsPlace = 'realm' | 'org' | 'environment' | 'project' | 'second_org' | 'second_environment';

const row = matrix<ProjectsColumn, ProjectsPlace>(projectsColumns);

/** Every cell of the projects matrix, one entry per permission that the row names. */
export const projectsCells: readonly Cell<ProjectsColumn, ProjectsPlace>[] = [
  row('R-M01', ['org:select@org'], 'enter the organization', '+H +H +H -M'),
  row(
    'R-M02',
    ['org:view@org', 'environment:see@project', 'environment:see@environment'],
    'see its projects and environments',
    '+H +H +H -H',
  ),
  row('R-M03', ['rule:build@project'], 'build rules', '+M +M +H -M', { features: ['R9'] }),
  row('R-M04', ['rule:run@project', 'rule:run@environment'], 'run rules', '+M +M +H -M', { features: ['R9'] }),
  row('R-M05', ['member:manage@org'], 'manage members', '+H +H -H -M', { features: ['R8'] }),
  row('R-M06', ['subscription:manage@org'], 'change the plan and the subscription', '+H +H -H -M', {
    features: ['R8'],
  }),
  row('R-M07', ['credits:buy@org'], 'buy credits', '+H +H -H -M', { features: ['R8', 'R10'] }),
  row('R-M08', ['payment-method:save@org'], 'save a payment method', '+H +H -H -M', { features: ['R8', 'R10'] }),
  row('R-M09', ['auto-recharge:set@org'], 'change the automatic recharge', '+H +H -H -M', { features: ['R10'] }),
  row('R-M10', ['environment:create@org'], 'provision an environment', '+M +H -M -M', { features: ['R8'] }),
  row(
    'R-M11',
    ['environment:update@environment', 'environment:delete@environment'],
    'edit and delete environments',
    '+M +H -M -M',
    { features: ['R8'] },
  ),
  row('R-M12', ['environment:use@environment', 'environment:use@project'], 'work within environments', '+M +M +H -M', {
    features: ['R9'],
  }),
  row('R-M13', ['org:update@org'], 'edit the organization', '+H +H -H -M', { features: ['R15'] }),
  row('R-M14', ['org:create@realm'], 'create an organization', '+H +H +H +H', { features: ['R14'] }),
  row('R-M15', ['org:select@second_org'], 'switch to another organization one belongs to', '+H +H +H +M', {
    features: ['R13'],
  }),
  row('R-M16', ['dashboard:view@org'], 'see the dashboard', '+H +H +M -M'),
  row('R-M17', ['usage:read@org'], 'see the plan and the usage against the run limit', '+H +H ~+L -M', {
    options: { ME: 'members-view-usage' },
  }),
  row('R-M18', ['billing:view@org'], 'see the credit balance and billing settings', '+H +H ~-L -M', {
    options: { ME: 'members-view-billing' },
  }),
  row('R-M19', ['org:delete@org'], 'delete the organization', '~+L ~-L -H -M', {
    options: { OW: 'owners-delete-org', AD: 'admins-delete-org' },
  }),
  row('R-M20', ['org:transfer@org'], 'transfer the ownership', '~+L ~-L -H -M', {
    options: { OW: 'owners-transfer-org', AD: 'admins-transfer-org' },
  }),
  row('R-M21', ['owner:remove@org'], 'remove or demote an owner', '~+L ~-L -H -M', {
    options: { OW: 'owners-remove-owners', AD: 'admins-remove-owners' },
  }),
  row(
    'R-M22',
    ['org:view@second_org', 'environment:see@second_environment', 'environment:use@second_environment'],
    'reach data of another own organization in the same session',
    '-H -H -H -H',
    { features: ['R3'] },
  ),
].flat();
