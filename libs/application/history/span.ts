import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import type { RealmDocument, UserDocument } from '#libs/domain/access/documents.js';
import { platformMachines } from '#libs/domain/access/machines.js';
import { holderIn, type OrgState } from '#libs/domain/org/org.js';
import { factsOf } from '../facts.js';
import { comparePositions } from '../ports/event-store.js';
import type { Step } from './steps.js';

/** Everything that decides who may do what in one organization, at one instant. */
export interface World {
  readonly at: number;
  readonly org: OrgState;
  readonly realm: RealmDocument | undefined;
  /** Of those people only of whom claims were ever observed. */
  readonly users: ReadonlyMap<string, UserDocument>;
  /** Ids of those of them who are of this realm: nobody is told of others. */
  readonly claimants: readonly string[];
}

/** Whoever may hold a role here without being a member: those whom the realm names, and those who bear claims. */
export function platformPeople({ realm, claimants }: World): readonly string[] {
  if (realm === undefined) return [];
  const { systemUserId, teams = {}, assignments = {} } = realm;
  const named = [...Object.values(teams).flatMap((team) => Object.keys(team)), ...Object.keys(assignments)];
  return [...(systemUserId === null ? [] : [systemUserId]), ...named, ...platformMachines(realm), ...claimants];
}

/** What a decision about the principal rests on; undefined while the realm does not exist. */
export function factsAbout(world: World, principal: string, resource: Resource): Facts | undefined {
  const { realm, users, org } = world;
  const environment = resource.kind === 'environment' ? org.environments.get(resource.environmentId) : undefined;
  return factsOf(realm, users.get(principal), org.org, holderIn(org, principal), environment);
}

/** The steps between two worlds, in order, and to be found by what they changed. */
export class Span {
  private readonly byKey = new Map<string, Step[]>();

  constructor(
    readonly from: World,
    readonly to: World,
    steps: readonly Step[],
  ) {
    const inOrder = [...steps].sort((a, b) => a.at - b.at || comparePositions(a.position, b.position));
    for (const step of inOrder) for (const key of keysOf(step)) this.list(key).push(step);
  }

  /** The steps that bear on the principal's access to the resource, in order. */
  bearingOn(principal: string, resource: Resource): readonly Step[] {
    const keys = ['realm', 'org', `user/${principal}`, `member/${principal}`];
    if (resource.kind === 'environment') keys.push(`environment/${resource.environmentId}`);
    const steps = new Set(keys.flatMap((key) => this.byKey.get(key) ?? []));
    return [...steps].sort((a, b) => a.at - b.at || comparePositions(a.position, b.position));
  }

  /** Whether something changed on which everybody's access rests. */
  get changedForAll(): boolean {
    return this.byKey.has('realm') || this.byKey.has('org');
  }

  /** Ids of what changed, of one kind. */
  changed(kind: 'user' | 'member' | 'environment'): readonly string[] {
    const prefix = `${kind}/`;
    return [...this.byKey.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  private list(key: string): Step[] {
    const present = this.byKey.get(key) ?? [];
    this.byKey.set(key, present);
    return present;
  }
}

function keysOf({ realm, org, user, members, environments }: Step): readonly string[] {
  return [
    ...(realm === undefined ? [] : ['realm']),
    ...(org === undefined ? [] : ['org']),
    ...(user === undefined ? [] : [`user/${user.id}`]),
    ...[...(members?.keys() ?? [])].map((id) => `member/${id}`),
    ...[...(environments?.keys() ?? [])].map((id) => `environment/${id}`),
  ];
}
