import { auditQueries } from './audit.js';
import { environmentQueries } from './environments.js';
import { selfQueries } from './me.js';
import { organizationQueries } from './organizations.js';
import { projectionQueries } from './projections.js';
import { schemeQueries } from './schemes.js';

/** Every query of the product: one row each. */
export const queryTable = {
  ...organizationQueries,
  ...environmentQueries,
  ...auditQueries,
  ...schemeQueries,
  ...selfQueries,
  ...projectionQueries,
} as const;

export type QueryName = keyof typeof queryTable;

export const queryNames = Object.keys(queryTable) as readonly QueryName[];
