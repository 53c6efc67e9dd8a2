import type { AuditCategory } from '#projections/audit-log/queries.js';
import type { ShownEntry } from './audit-entries.js';

export const exportFormats = ['ndjson', 'csv', 'ocsf', 'ocsf-1.8'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What an export holds, told when it is complete. */
export interface Manifest {
  readonly exportId: string;
  readonly orgId: string;
  readonly format: ExportFormat;
  readonly filter: Readonly<Record<string, string>>;
  /** Of entries. */
  readonly count: number;
  /** Instants of the first and of the last entry; null where there is none. */
  readonly from: string | null;
  readonly to: string | null;
  /** Everything before this place in the log is covered, up to these last revisions of its streams; -1 for none. */
  readonly before: string;
  readonly upTo: Readonly<Record<AuditCategory, string>>;
  /** A signed note about the organization's own events, these among them; null where its tree could not be signed just then. */
  readonly checkpoint: string | null;
  /** Of all bytes before the manifest, in hexadecimal. */
  readonly sha256: string;
  /** Who exported, and when. */
  readonly actor: string;
  readonly at: string;
}

/** How an export is written. Each part ends with its own line end. */
export interface ExportWriter {
  readonly type: string;
  readonly begin: string;
  entry(entry: ShownEntry): string;
  /** The manifest as the format's own last line; '' where the format has no place for one. */
  end(manifest: Manifest): string;
}

/** By the type that is asked for. Who accepts anything gets a page of JSON. */
export function formatAccepted(accept: string | undefined): ExportFormat | undefined {
  const types = (accept ?? '').split(',').map((part) => part.split(';')[0]?.trim().toLowerCase());
  const named = types.find(
    (type) => type === 'application/x-ndjson' || type === 'text/csv' || type === 'application/json',
  );
  if (named === 'text/csv') return 'csv';
  return named === 'application/x-ndjson' ? 'ndjson' : undefined;
}
