import { csvOf } from './audit-csv.js';
import type { ExportFormat, ExportWriter } from './audit-formats.js';
import { ocsfOf } from './audit-ocsf.js';

const ndjson: ExportWriter = {
  type: 'application/x-ndjson',
  begin: '',
  entry: (entry) => `${JSON.stringify(entry)}\n`,
  end: (manifest) => `${JSON.stringify({ manifest })}\n`,
};

export const writers: { readonly [Format in ExportFormat]: (orgId: string) => ExportWriter } = {
  ndjson: () => ndjson,
  csv: csvOf,
  ocsf: (orgId) => ocsfOf(orgId, '1.9'),
  'ocsf-1.8': (orgId) => ocsfOf(orgId, '1.8'),
};
