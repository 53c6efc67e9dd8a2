import { changeQueries } from '../feed/changes.js';
import { reportQueries } from '../reports/report-queries.js';
import { apiKeyQueries } from './api-keys.js';
import { auditQueries } from './audit.js';
import { billingQueries } from './billing.js';
import { contentQueries } from './contents.js';
import { environmentQueries } from './environments.js';
import { erasureQueries } from './erasures.js';
import { groupQueries } from './groups.js';
import { historyQueries } from './history.js';
import { ledgerQueries } from './ledger.js';
import { invitationQueries } from './invitations.js';
import { selfQueries } from './me.js';
import { orgApiKeyQueries } from './org-api-keys.js';
import { organizationQueries } from './organizations.js';
import { permissionQueries } from './permissions.js';
import { projectionQueries } from './projections.js';
import { providerKeyQueries } from './provider-keys.js';
import { platformModelQueries } from './platform-models.js';
import { pricingQueries } from './pricing.js';
import { schemeQueries } from './schemes.js';
import { serviceAccountQueries } from './service-accounts.js';
import { settingsQueries } from './settings.js';
import { realmQueries } from './realms.js';
import { signInQueries } from './sign-in.js';
import { subjectExportQueries } from './subject-exports.js';
import { usageQueries } from './usage.js';
import { usageLimitQueries } from './usage-limits.js';
import { workerSshKeyQueries } from './worker-ssh-key.js';
import { workflowQueries } from './workflows.js';

/** Every query of the product: one row each. */
export const queryTable = {
  ...organizationQueries,
  ...environmentQueries,
  ...contentQueries,
  ...groupQueries,
  ...invitationQueries,
  ...workflowQueries,
  ...serviceAccountQueries,
  ...apiKeyQueries,
  ...orgApiKeyQueries,
  ...settingsQueries,
  ...workerSshKeyQueries,
  ...billingQueries,
  ...providerKeyQueries,
  ...usageQueries,
  ...usageLimitQueries,
  ...auditQueries,
  ...changeQueries,
  ...erasureQueries,
  ...subjectExportQueries,
  ...permissionQueries,
  ...historyQueries,
  ...reportQueries,
  ...ledgerQueries,
  ...schemeQueries,
  ...pricingQueries,
  ...realmQueries,
  ...signInQueries,
  ...platformModelQueries,
  ...selfQueries,
  ...projectionQueries,
} as const;

export type QueryName = keyof typeof queryTable;

export const queryNames = Object.keys(queryTable) as readonly QueryName[];
