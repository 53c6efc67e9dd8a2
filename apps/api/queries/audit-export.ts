import { createHash } from 'node:crypto';
import { v7 } from 'uuid';
import type { Reading } from '#libs/application/activity/recorded-reads.js';
import type { Ledger } from '#libs/application/ledger/ledger.js';
import { TreeBehind, TreeDamaged } from '#libs/application/ledger/trees.js';
import { positionText } from '#libs/application/ports/event-store.js';
import { streamOf } from '#libs/application/streams.js';
import { parkedAmong } from '#libs/readstore/parked-streams.js';
import {
  type AuditCategory,
  auditedStream,
  auditedStreams,
  type AuditFilter,
  auditLogOf,
  type Place,
} from '#projections/audit-log/queries.js';
import { organizationParked, staleRead } from '../problems/problem.js';
import type { ApiServices } from '../services.js';
import { shownEntries } from './audit-entries.js';
import type { ExportFormat, Manifest } from './audit-formats.js';
import { writers } from './audit-writers.js';

/** Entries read, written and held at once. */
const PAGE = 1000;

type Services = Pick<
  ApiServices,
  'reads' | 'readPosition' | 'readWaitMs' | 'recordedReads' | 'personalData' | 'ledger' | 'clock'
>;

export interface AuditExport {
  readonly exportId: string;
  /** The content's media type. */
  readonly type: string;
  /** The content, made as it is taken. It ends only where all of it was given and the manifest is in the audit log. */
  readonly content: AsyncGenerator<string, void, void>;
  /** SHA-256 of the content, in base64; of what was given so far while it has not ended. */
  digest(): string;
}

/**
 * An export of everything in the audit log before the event that records it, oldest first. Throws a problem where the read
 * models are not that far or stand still.
 */
export async function beginExport(
  services: Services,
  reading: Reading & { readonly orgId: string },
  filter: AuditFilter,
  format: ExportFormat,
): Promise<AuditExport> {
  const { reads, readPosition, readWaitMs, recordedReads, personalData, ledger, clock } = services;
  const { orgId, caller } = reading;
  const exportId = v7();
  const given = Object.fromEntries(Object.entries(filter).filter((each): each is [string, string] => !!each[1]));
  const { position } = await recordedReads.exportStarted(reading, { exportId, format, filter: given });
  if (!(await readPosition.reached(position, readWaitMs))) throw staleRead();
  if ((await parkedAmong(reads, auditedStreams(orgId, filter))).size > 0) throw organizationParked();
  const before: Place = { commit: `${position.commit}`, prepare: `${position.prepare}` };
  const writer = writers[format](orgId);
  const whole = createHash('sha256');

  /** The next page is read while this one is written. */
  async function* pages() {
    const read = (after: Place | undefined) => {
      const reading = auditLogOf(reads, orgId, filter, { order: 'asc', after, before, limit: PAGE });
      // Told where it is awaited; nobody does where the client has left.
      reading.catch(() => {});
      return reading;
    };
    for (let next = read(undefined); ; ) {
      const rows = await next;
      if (rows.length === PAGE) next = read(rows.at(-1));
      if (rows.length > 0) yield rows;
      if (rows.length < PAGE) return;
    }
  }

  async function* content() {
    const written = (text: string) => {
      whole.update(text);
      return text;
    };
    let [count, from, to] = [0, null as string | null, null as string | null];
    if (writer.begin !== '') yield written(writer.begin);
    for await (const rows of pages()) {
      count += rows.length;
      from ??= rows[0]?.occurred_at ?? null;
      to = rows.at(-1)?.occurred_at ?? to;
      yield written((await shownEntries(rows, personalData)).map((entry) => writer.entry(entry)).join(''));
    }
    const done = {
      exportId,
      format,
      count,
      // Of all before the manifest.
      sha256: whole.copy().digest('hex'),
      upTo: await lastRevisions(reads, orgId, before),
    };
    await recordedReads.exported(reading, { ...done, filter: given });
    const manifest: Manifest = {
      ...done,
      orgId,
      filter: given,
      from,
      to,
      before: positionText(position),
      checkpoint: await checkpointOf(ledger, orgId),
      actor: caller.id,
      at: new Date(clock.now()).toISOString(),
    };
    const end = writer.end(manifest);
    if (end !== '') yield written(end);
  }

  return { exportId, type: writer.type, content: content(), digest: () => whole.copy().digest('base64') };
}

async function lastRevisions(reads: Services['reads'], orgId: string, before: Place): Promise<Manifest['upTo']> {
  const last = async (category: AuditCategory) => {
    const [entry] = await auditedStream(reads, streamOf(category, orgId), {}, { before, limit: 1 });
    return entry?.revision ?? '-1';
  };
  const [org, activity, usage] = await Promise.all([last('org'), last('activity'), last('usage')]);
  return { org, activity, usage };
}

/** An export without one is still an export: its manifest says so. */
async function checkpointOf(ledger: Ledger, orgId: string): Promise<string | null> {
  try {
    return (await ledger.checkpoint(streamOf('org', orgId)))?.note ?? null;
  } catch (error) {
    if (error instanceof TreeBehind || error instanceof TreeDamaged) return null;
    throw error;
  }
}
