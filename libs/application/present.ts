import type { Resource } from '#libs/domain/access/bindings.js';
import type {
  EnvironmentDocument,
  MemberDocument,
  OrgDocument,
  RealmDocument,
  UserDocument,
} from '#libs/domain/access/documents.js';
import { holderOf, machineOf } from '#libs/domain/access/machines.js';
import { type Caller, sessionOf } from './caller.js';
import { factsOf, type Moment } from './facts.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import type { Position } from './ports/event-store.js';
import { type StreamDocument, StreamParked } from './ports/read-models.js';
import { streamOf } from './streams.js';

/** Who asks: the realm that is asked in, and the session that bears on it. */
export type Asker = Pick<Caller, 'realm' | 'id' | 'activeOrg'>;

/** Whose rights on what are asked for. */
export interface Asked {
  readonly principal: string;
  readonly resource: Resource;
}

/** Access documents of one moment, by what they say of: facts for every question that they were loaded for. */
export class PresentFacts {
  /** By stream, then by kind and id. */
  private readonly documents = new Map<string, Map<string, unknown>>();

  /** `parked`: streams that nothing may be answered from. */
  constructor(
    private readonly asker: Asker,
    readonly at: number,
    readonly position: Position | undefined,
    private readonly revisions: ReadonlyMap<string, bigint>,
    private readonly parked: ReadonlySet<string>,
  ) {}

  add(keys: readonly StreamDocument[], documents: readonly unknown[]): this {
    for (const [index, { stream, kind, id }] of keys.entries()) {
      const ofStream = this.documents.get(stream) ?? new Map<string, unknown>();
      this.documents.set(stream, ofStream.set(`${kind}|${id}`, documents[index]));
    }
    return this;
  }

  /** `stale` where the realm is not there yet: nothing can be decided then. */
  of({ principal, resource }: Asked): Moment | 'parked' | 'stale' {
    const orgId = 'orgId' in resource ? resource.orgId : undefined;
    const stream = orgId === undefined ? undefined : streamOf('org', orgId);
    if (stream !== undefined && this.parked.has(stream)) return 'parked';
    const ofOrg = stream === undefined ? undefined : this.documents.get(stream);
    const environment =
      resource.kind === 'environment' ? ofOrg?.get(`environment|${resource.environmentId}`) : undefined;
    const facts = factsOf(
      this.documents.get(streamOf('realm', this.asker.realm))?.get('realm|') as RealmDocument | undefined,
      this.documents.get(streamOf('user', principal))?.get('user|') as UserDocument | undefined,
      ofOrg?.get('org|') as OrgDocument | undefined,
      orgId === undefined ? undefined : holderFrom(ofOrg, orgId, principal),
      environment as EnvironmentDocument | undefined,
    );
    if (facts === undefined) return 'stale';
    const revision = stream === undefined ? undefined : this.revisions.get(stream);
    const session = sessionOf(this.asker);
    return {
      facts: session === undefined ? facts : { ...facts, session },
      revision,
      position: this.position,
      at: this.at,
    };
  }
}

/** What the principal holds by the organization's documents. */
function holderFrom(
  documents: ReadonlyMap<string, unknown> | undefined,
  orgId: string,
  principal: string,
): MemberDocument | undefined {
  const machine = machineOf(principal);
  if (machine === undefined) return documents?.get(`member|${principal}`) as MemberDocument | undefined;
  if (machine.orgId !== orgId) return undefined;
  return holderOf(machine, documents?.get(`${machine.kind}|${machine.id}`) as Parameters<typeof holderOf>[1]);
}

/** Facts of now, from the documents that are current to the log. */
export class Present {
  constructor(
    private readonly documents: DocumentSource,
    private readonly clock: Clock,
  ) {}

  /** All of one moment. Undefined where the read models cannot answer as of what was asked for. */
  async load(asker: Asker, asked: readonly Asked[], after: Position | undefined): Promise<PresentFacts | undefined> {
    const parked = new Set<string>();
    let keys = uniqueKeysFor(asker.realm, asked);
    for (;;) {
      try {
        const loaded = await this.documents.load(keys, after);
        if (loaded === undefined) return undefined;
        const { documents, revisions, position } = loaded;
        return new PresentFacts(asker, this.clock.now(), position, revisions, parked).add(keys, documents);
      } catch (error) {
        if (!(error instanceof StreamParked) || parked.has(error.stream)) throw error;
        // Others are answered; each round leaves out one organization more.
        parked.add(error.stream);
        keys = keys.filter(({ stream }) => !parked.has(stream));
      }
    }
  }
}

/** The documents that a decision rests on: realm, person, and of the organization itself, the member, the environment. */
export function keysFor(realm: string, { principal, resource }: Asked): StreamDocument[] {
  const keys: StreamDocument[] = [{ stream: streamOf('realm', realm), kind: 'realm', id: '' }];
  const machine = machineOf(principal);
  // A machine has no stream of its own: nothing is claimed of it.
  if (machine === undefined) keys.push({ stream: streamOf('user', principal), kind: 'user', id: '' });
  if (!('orgId' in resource)) return keys;
  const stream = streamOf('org', resource.orgId);
  keys.push({ stream, kind: 'org', id: '' });
  if (machine === undefined) keys.push({ stream, kind: 'member', id: principal });
  else if (machine.orgId === resource.orgId) keys.push({ stream, kind: machine.kind, id: machine.id });
  if (resource.kind === 'environment') keys.push({ stream, kind: 'environment', id: resource.environmentId });
  return keys;
}

export function uniqueKeysFor(realm: string, asked: readonly Asked[]): StreamDocument[] {
  const keys = new Map<string, StreamDocument>();
  for (const each of asked) for (const key of keysFor(realm, each)) keys.set(nameOf(key), key);
  return [...keys.values()];
}

const nameOf = ({ stream, kind, id }: StreamDocument): string => `${stream}|${kind}|${id}`;
