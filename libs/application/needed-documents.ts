import type { Resource } from '#libs/domain/access/bindings.js';
import { machineOf } from '#libs/domain/access/machines.js';
import type { StreamDocument } from './ports/read-models.js';
import { streamOf } from './streams.js';

/** Whose rights on what are asked for. */
export interface Asked {
  readonly principal: string;
  readonly resource: Resource;
}

/** Whose organization's facts decide: the resource's, or a workflow's own where it is asked about a personal environment. */
export function orgOf({ principal, resource }: Asked): string | undefined {
  if ('orgId' in resource) return resource.orgId;
  if (resource.kind !== 'personal_environment') return undefined;
  const machine = machineOf(principal);
  return machine?.kind === 'workflow' ? machine.orgId : undefined;
}

/**
 * The documents that questions of one realm rest on, each once: the realm, people, and of organizations themselves, who holds
 * something there, environments. Where each stands among the keys is found by the ids that questions name: a thousand
 * questions share most documents, and to compose a name for each would cost more than to decide.
 */
export class NeededDocuments {
  /** The realm's first; those of one organization stand together. */
  readonly keys: StreamDocument[];
  private readonly people = new Map<string, number>();
  private readonly orgs = new Map<string, NeededOfOrg>();

  constructor(realm: string, asked: readonly Asked[]) {
    this.keys = [{ stream: streamOf('realm', realm), kind: 'realm', id: '' }];
    for (const question of asked) {
      this.addPerson(question.principal);
      const orgId = orgOf(question);
      if (orgId !== undefined) this.needed(orgId).add(question);
    }
    for (const org of this.orgs.values()) {
      org.place = this.keys.length;
      for (const key of org.keys) this.keys.push(key);
    }
  }

  person = (id: string): number | undefined => this.people.get(id);

  /** Undefined for an organization that no question is about. */
  org = (id: string): NeededOfOrg | undefined => this.orgs.get(id);

  private addPerson(principal: string): void {
    // A machine has no stream of its own: nothing is claimed of it.
    if (this.people.has(principal) || machineOf(principal) !== undefined) return;
    this.people.set(principal, this.keys.push({ stream: streamOf('user', principal), kind: 'user', id: '' }) - 1);
  }

  private needed(id: string): NeededOfOrg {
    const org = this.orgs.get(id) ?? new NeededOfOrg(id);
    this.orgs.set(id, org);
    return org;
  }
}

/** What questions about one organization rest on. */
export class NeededOfOrg {
  readonly stream: string;
  readonly keys: StreamDocument[];
  /** Of the organization itself among all keys; its others follow. */
  place = 0;
  private readonly holders = new Map<string, number | undefined>();
  private readonly environments = new Map<string, number>();

  constructor(readonly id: string) {
    this.stream = streamOf('org', id);
    this.keys = [{ stream: this.stream, kind: 'org', id: '' }];
  }

  add({ principal, resource }: Asked): void {
    this.addOnce(principal);
    if (resource.kind === 'personal_environment') this.addOnce(resource.ownerId);
    if (resource.kind !== 'environment' || this.environments.has(resource.environmentId)) return;
    this.environments.set(resource.environmentId, this.addKey('environment', resource.environmentId));
  }

  /** The member's own document, or the machine's. */
  holder = (principal: string): number | undefined => this.among(this.holders.get(principal));

  environment = (id: string): number | undefined => this.among(this.environments.get(id));

  private among = (place: number | undefined): number | undefined =>
    place === undefined ? undefined : this.place + place;

  private addOnce(principal: string): void {
    if (!this.holders.has(principal)) this.holders.set(principal, this.addHolder(principal));
  }

  private addHolder(principal: string): number | undefined {
    const machine = machineOf(principal);
    if (machine === undefined) return this.addKey('member', principal);
    return machine.orgId === this.id ? this.addKey(machine.kind, machine.id) : undefined;
  }

  private addKey(kind: StreamDocument['kind'], id: string): number {
    return this.keys.push({ stream: this.stream, kind, id }) - 1;
  }
}
