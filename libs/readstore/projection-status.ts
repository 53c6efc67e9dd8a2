import { meta } from '#libs/application/metadata.js';
import {
  comparePositions,
  type EventStore,
  type Position,
  positionText,
  type StoredEvent,
} from '#libs/application/ports/event-store.js';
import { parseStream } from '#libs/application/streams.js';
import { readCheckpoint } from './checkpoints.js';
import type { Database } from './database.js';
import { described, type ProjectorError } from './failures.js';
import { listParked } from './parked-streams.js';
import { knownPrefix } from './projected-event.js';
import type { Projection } from './projection.js';
import type { ProjectorState, ProjectorStatus } from './projector.js';

/** More than this is not counted: an operator need not know it to the last one. */
const MAX_COUNTED = 10_000;
/** Events that wait for so long tell that nobody projects them. */
const BEHIND_MS = 10_000;

export interface ProjectionState {
  readonly name: string;
  readonly version: number;
  /** `behind`: events wait for long, and this process does not know why. */
  readonly state: Exclude<ProjectorState, 'idle' | 'stopped'> | 'behind';
  readonly position?: string;
  readonly lag: { readonly events: number; readonly atLeast: boolean; readonly ms: number };
  readonly error?: ProjectorError;
}

export interface ParkedOrganization {
  readonly orgId: string;
  readonly since: string;
  readonly revision: string;
  readonly position: string;
  readonly projection: string;
  readonly error: string;
}

export interface ProjectionStatus {
  readonly projections: ProjectionState[];
  readonly parked: ParkedOrganization[];
}

interface Parts {
  readonly db: Database;
  readonly store: EventStore;
  readonly projections: readonly Projection[];
  /** Where it runs in this process. */
  readonly projector: { status(): ProjectorStatus } | undefined;
}

/**
 * Where every projection stands, measured on the log itself: a projector that died would report no lag. They share one
 * checkpoint. `now` in milliseconds since the epoch.
 */
export async function projectionStatus(
  { db, store, projections, projector }: Parts,
  now: number,
): Promise<ProjectionStatus> {
  const { position } = await readCheckpoint(db);
  const waiting = await unprojected(store, position);
  const lag = { events: waiting.events, atLeast: waiting.atLeast, ms: ageOf(waiting.first, now) };
  const shared = {
    ...stateOf(projector?.status(), waiting.first, lag.ms),
    ...(position && { position: positionText(position) }),
    lag,
  };
  const parked = (await listParked(db)).map(({ stream, commit, prepare, ...row }) => ({
    orgId: parseStream(stream).id,
    position: `${commit}/${prepare}`,
    ...row,
  }));
  return { projections: projections.map(({ name, version }) => ({ name, version, ...shared })), parked };
}

function stateOf(
  status: ProjectorStatus | undefined,
  next: StoredEvent | undefined,
  lagMs: number,
): Pick<ProjectionState, 'state' | 'error'> {
  // One that stands by tells nothing of the one that projects.
  if (status !== undefined && status.state !== 'idle' && status.state !== 'stopped')
    return { state: status.state, ...(status.error && { error: status.error }) };
  const unknown = next && knownPrefix([next]).unknown;
  if (unknown !== undefined) return { state: 'waiting', error: described(unknown, next) };
  return { state: lagMs > BEHIND_MS ? 'behind' : 'following' };
}

interface Unprojected {
  readonly events: number;
  readonly atLeast: boolean;
  readonly first: StoredEvent | undefined;
}

/** The events between a position and the present head of the log. */
async function unprojected(store: EventStore, after: Position | undefined): Promise<Unprojected> {
  const head = await store.head();
  if (head === undefined || (after !== undefined && comparePositions(after, head) >= 0))
    return { events: 0, atLeast: false, first: undefined };
  const abort = new AbortController();
  let events = 0;
  let first: StoredEvent | undefined;
  let ended = false;
  for await (const page of store.follow(after, abort.signal)) {
    for (const event of page) {
      if (ended) break;
      first ??= event;
      events += 1;
      ended = events >= MAX_COUNTED || comparePositions(event.position, head) >= 0;
    }
    if (ended) abort.abort();
  }
  return { events, atLeast: events >= MAX_COUNTED, first };
}

/** How long ago the event was written; 0 where it does not say. */
function ageOf(event: StoredEvent | undefined, now: number): number {
  const written = Date.parse(event?.metadata[meta.occurredAt] ?? '');
  return Number.isNaN(written) ? 0 : Math.max(0, now - written);
}
