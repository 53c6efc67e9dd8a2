import type { Projection } from '#libs/readstore/projection.js';
import { accessDocumentsProjection } from './access-documents/access-documents.js';
import { auditLogProjection } from './audit-log/audit-log.js';
import { commandIndexProjection } from './command-index/command-index.js';
import { environmentAccessProjection } from './environment-access/environment-access.js';
import { environmentsProjection } from './environments/environments.js';
import { erasuresProjection } from './erasures/erasures.js';
import { groupsProjection } from './groups/groups.js';
import { ledgerProjection } from './ledger/ledger.js';
import { invoicesProjection } from './invoices/invoices.js';
import { invitationsProjection } from './invitations/invitations.js';
import { membersProjection } from './members/members.js';
import { organizationsProjection } from './organizations/organizations.js';
import { peopleProjection } from './people/people.js';
import { usageProjection } from './usage/usage.js';
import { workflowsProjection } from './workflows/workflows.js';

/** Every read model; a new one is added here and nowhere else. */
export const allProjections: readonly Projection[] = [
  accessDocumentsProjection,
  auditLogProjection,
  commandIndexProjection,
  environmentAccessProjection,
  environmentsProjection,
  erasuresProjection,
  groupsProjection,
  ledgerProjection,
  invitationsProjection,
  invoicesProjection,
  membersProjection,
  organizationsProjection,
  peopleProjection,
  usageProjection,
  workflowsProjection,
];
