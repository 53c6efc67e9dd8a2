import {
  type EnvironmentDocument,
  isOfRealm,
  type MemberDocument,
  type OrgDocument,
  type RealmDocument,
  type UserDocument,
  type WorkflowDocument,
} from '#libs/domain/access/documents.js';
import type { Session } from '#libs/domain/access/bindings.js';
import { guestOf, holderOf, machineOf } from '#libs/domain/access/machines.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type Caller, sessionOf } from './caller.js';
import { type Moment, schemeIn, type Stamp, stampOf } from './facts.js';
import { type Asked, NeededDocuments, type NeededOfOrg, orgOf } from './needed-documents.js';
import type { Clock } from './ports/clock.js';
import type { DocumentSource } from './ports/current-documents.js';
import type { Position } from './ports/event-store.js';
import { StreamParked } from './ports/read-models.js';

/** Who asks: the realm that is asked in, and the session that bears on it. */
export type Asker = Pick<Caller, 'realm' | 'id' | 'activeOrg'>;

/** What was loaded, and the moment that it is of. */
interface Loaded {
  /** In the order of the keys. */
  readonly documents: readonly unknown[];
  readonly revisions: ReadonlyMap<string, bigint>;
  readonly position: Position | undefined;
  /** Streams that nothing may be answered from. */
  readonly parked: ReadonlySet<string>;
}

/** What all questions about one organization, or about none, share. */
interface Place {
  readonly scheme: CompiledScheme;
  readonly org: OrgDocument | undefined;
  readonly stamp: Stamp;
}

/** Access documents of one moment: facts for every question that they were loaded for. */
export class PresentFacts {
  private readonly realm: RealmDocument | undefined;
  private readonly session: Session | undefined;
  private readonly places = new Map<string | undefined, Place>();

  constructor(
    asker: Asker,
    readonly at: number,
    private readonly needed: NeededDocuments,
    private readonly loaded: Loaded,
  ) {
    this.realm = loaded.documents[0] as RealmDocument | undefined;
    this.session = sessionOf(asker);
  }

  get position(): Position | undefined {
    return this.loaded.position;
  }

  /** `stale` where the realm is not there yet: nothing can be decided then. */
  of(asked: Asked): Moment | 'parked' | 'stale' {
    const { realm, session, at, needed } = this;
    const { principal, resource } = asked;
    const orgId = orgOf(asked);
    const keys = orgId === undefined ? undefined : needed.org(orgId);
    if (keys !== undefined && this.loaded.parked.has(keys.stream)) return 'parked';
    if (realm === undefined) return 'stale';
    const { scheme, org, stamp } = this.places.get(orgId) ?? this.placeOf(orgId, realm);
    const user = this.document(needed.person(principal)) as UserDocument | undefined;
    const member = keys && this.heldIn(keys, asked);
    const environment = (
      resource.kind === 'environment' ? this.document(keys?.environment(resource.environmentId)) : undefined
    ) as EnvironmentDocument | undefined;
    return { facts: { scheme, realm, user, org, member, environment, session }, at, stamp };
  }

  private placeOf(orgId: string | undefined, realm: RealmDocument): Place {
    const keys = orgId === undefined ? undefined : this.needed.org(orgId);
    const found = this.document(keys?.place) as OrgDocument | undefined;
    const org = found !== undefined && isOfRealm(found, realm.id) ? found : undefined;
    const revision = org && keys && this.loaded.revisions.get(keys.stream);
    const place = { scheme: schemeIn(realm, org), org, stamp: stampOf(revision, this.position, this.at) };
    this.places.set(orgId, place);
    return place;
  }

  private heldIn(keys: NeededOfOrg, { principal, resource }: Asked): MemberDocument | undefined {
    const held = this.document(keys.holder(principal));
    if (resource.kind !== 'personal_environment') return holderFrom(keys.id, principal, held);
    return guestFrom(principal, held, this.document(keys.holder(resource.ownerId)));
  }

  private document(place: number | undefined): unknown {
    return place === undefined ? undefined : this.loaded.documents[place];
  }
}

/** What the principal holds by the organization's document of them. */
function holderFrom(orgId: string, principal: string, document: unknown): MemberDocument | undefined {
  const machine = machineOf(principal);
  if (machine === undefined) return document as MemberDocument | undefined;
  return holderOf(orgId, machine, document as Parameters<typeof holderOf>[2]);
}

/** What a workflow holds in the personal environment of its owner by both their documents. */
function guestFrom(principal: string, document: unknown, owner: unknown): MemberDocument | undefined {
  const machine = machineOf(principal);
  return machine && guestOf(machine, document as WorkflowDocument | undefined, owner as MemberDocument | undefined);
}

/** Facts of now, from the documents that are current to the log. */
export class Present {
  constructor(
    private readonly documents: DocumentSource,
    private readonly clock: Clock,
  ) {}

  /** All of one moment. Undefined where the read models cannot answer as of what was asked for. */
  async load(asker: Asker, asked: readonly Asked[], after: Position | undefined): Promise<PresentFacts | undefined> {
    const needed = new NeededDocuments(asker.realm, asked);
    const parked = new Set<string>();
    for (;;) {
      try {
        const keys = parked.size === 0 ? needed.keys : needed.keys.filter(({ stream }) => !parked.has(stream));
        const loaded = await this.documents.load(keys, after);
        if (loaded === undefined) return undefined;
        const rest = loaded.documents.values();
        const documents =
          parked.size === 0
            ? loaded.documents
            : needed.keys.map(({ stream }) => (parked.has(stream) ? undefined : rest.next().value));
        return new PresentFacts(asker, this.clock.now(), needed, { ...loaded, documents, parked });
      } catch (error) {
        if (!(error instanceof StreamParked) || parked.has(error.stream)) throw error;
        // Others are answered; each round leaves out one organization more.
        parked.add(error.stream);
      }
    }
  }
}
