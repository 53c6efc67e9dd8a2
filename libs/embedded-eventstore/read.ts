import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { invalid, streamDeleted } from './errors.js';
import { compileFilter } from './filter.js';
import type { Filter } from './filter.js';
import type { Log } from './log.js';
import type { Outlet } from './outlet.js';
import { recordAnswer } from './record.js';
import type { Found } from './store.js';
import { visibleStream } from './visible.js';
import { END_REVISION, revision, streamIdentifier, streamName, withStructuredId } from './wire.js';

export const PAGE_EVENTS = 512;

/** A place in the log or in a stream: the first, the end, or a number. */
export type Start = 'start' | 'end' | bigint;

/** What a read or a subscription goes over. */
export type Source = { readonly kind: 'all' } | { readonly kind: 'stream'; readonly stream: string };

export interface ReadQuery {
  readonly source: Source;
  readonly start: Start;
  readonly backwards: boolean;
  readonly filter: Filter | undefined;
  /** Turns a stored record into the answer in the client's form. */
  readonly encode: (record: Buffer) => Buffer;
}

/** Reads the common options of reads and subscriptions. */
export function parseRead(options: ReadReq.Options): ReadQuery {
  const uuid = options.getUuidOption();
  if (!uuid?.hasString() && !uuid?.hasStructured()) throw invalid('a read needs a uuid option');
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const filterOptions = options.getFilter();
  const filter = filterOptions && compileFilter(filterOptions);
  const encode = uuid.hasString() ? recordAnswer : (record: Buffer) => withStructuredId(recordAnswer(record));
  const all = options.getAll();
  if (all) return { source: { kind: 'all' }, start: allStart(all), backwards, filter, encode };
  const stream = options.getStream();
  if (!stream) throw invalid('a read needs a stream or $all');
  const source: Source = { kind: 'stream', stream: streamName(stream) };
  return { source, start: streamStart(stream), backwards, filter, encode };
}

function allStart(options: ReadReq.Options.AllOptions): Start {
  if (options.hasStart()) return 'start';
  if (options.hasEnd()) return 'end';
  const commit = BigInt(options.getPosition()?.getCommitPosition() ?? -1);
  const prepare = BigInt(options.getPosition()?.getPreparePosition() ?? -1);
  if (commit < prepare || prepare < 0n) throw invalid(`${commit}/${prepare} is not a position`);
  return commit;
}

function streamStart(options: ReadReq.Options.StreamOptions): Start {
  if (options.hasStart()) return 'start';
  return options.hasEnd() || options.getRevision() === END_REVISION ? 'end' : revision(options.getRevision());
}

/** Answers a read that ends: pages through the log or a stream until the count, the end, or the client's going away. */
export async function answerRead(log: Log, query: ReadQuery, count: bigint, outlet: Outlet): Promise<void> {
  const pages = pagesOf(log, query);
  if (!pages) {
    const { source } = query;
    const identifier = streamIdentifier(source.kind === 'stream' ? source.stream : '$all');
    const missing = new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier);
    outlet.write(Buffer.from(new streams.ReadResp().setStreamNotFound(missing).serializeBinary()));
    return outlet.end();
  }
  let left = count;
  while (left > 0n) {
    // With a filter, the events of a page that pass are not known beforehand.
    const limit = query.filter || left > BigInt(PAGE_EVENTS) ? PAGE_EVENTS : Number(left);
    const page = pages(limit);
    if (page.length === 0) break;
    const selected = await query.filter?.select(page);
    for (const [index, { record }] of page.entries()) {
      if (selected && !selected[index]) continue;
      if (left-- <= 0n) break;
      outlet.write(query.encode(record));
      while (outlet.blocked && !outlet.closed) await outlet.pause();
      if (outlet.closed) return outlet.end();
    }
    // A filtered read may go over very many events before it writes one: let others have their turn.
    if (selected) await new Promise(setImmediate);
    if (outlet.closed) return outlet.end();
  }
  outlet.end();
}

/** Successive pages from where the read starts; undefined if the stream does not exist. */
function pagesOf(log: Log, query: ReadQuery): ((limit: number) => Found[]) | undefined {
  return query.source.kind === 'all' ? pagesOfAll(log, query) : pagesOfStream(log, query, query.source.stream);
}

function pagesOfAll(log: Log, { start, backwards }: ReadQuery): (limit: number) => Found[] {
  let next: bigint;
  // Backwards from the start there is nothing before it.
  if (start === 'start') next = backwards ? -1n : 0n;
  else if (start === 'end') next = backwards ? log.head : log.nextPosition;
  // Backwards, a position of $all is exclusive (eventstore protocol); revisions and forward positions are inclusive.
  else next = backwards ? start - 1n : start;
  return (limit) => {
    if (next < 0n) return [];
    const page = log.readLog(next, backwards, limit);
    const end = page.at(-1);
    if (end) next = backwards ? end.at - 1n : end.at + 1n;
    return page;
  };
}

function pagesOfStream(log: Log, { start, backwards }: ReadQuery, stream: string) {
  const visible = visibleStream(log, stream, Date.now());
  if (visible === 'missing') return undefined;
  if (visible === 'deleted') throw streamDeleted(stream);
  const { head, first } = visible;
  let next: bigint;
  if (start === 'start') next = 0n;
  else if (start === 'end') next = backwards ? head.revision : head.revision + 1n;
  else next = start;
  if (!backwards && next < first) next = first;
  return (limit: number): Found[] => {
    if (next < first) return [];
    const page = log.readStream(head.number, next, backwards, limit).filter(({ at }) => at >= first);
    const end = page.at(-1);
    if (end) next = backwards ? end.at - 1n : end.at + 1n;
    return page;
  };
}
