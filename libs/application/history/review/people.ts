import type { Binding } from '#libs/domain/access/binding.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { governingOf } from '#libs/domain/schemes/governing.js';
import { holderIn } from '#libs/domain/org/org.js';
import type { EventStore } from '../../ports/event-store.js';
import { streamOf } from '../../streams.js';
import type { EventCause } from '../cause.js';
import { HeldAccess, type OrgResource } from '../held-access.js';
import { factsAbout, type World } from '../span.js';
import { environmentsOf, principalsOf, type PrincipalAccess } from '../state.js';
import { causesIn } from './records.js';

/** Looked at between two waits: so long does a review keep a process from other work. */
const PAGE = 200;

export interface ReviewedBinding {
  readonly binding: Binding;
  /** The events on which it rests; the last one gave it. */
  readonly evidence: readonly EventCause[];
}

/** One principal at the moment of a review. */
export interface ReviewedPerson {
  readonly id: string;
  /** Of the membership, or the service account; undefined for who is neither. */
  readonly role: string | undefined;
  /** What gave the role of the membership. */
  readonly since: EventCause | undefined;
  readonly suspended: EventCause | undefined;
  readonly access: readonly { readonly resource: OrgResource; readonly roles: readonly ReviewedBinding[] }[];
  readonly groups: readonly { readonly id: string; readonly name: string; readonly since: EventCause }[];
  /** Roles that hold nothing until a second person confirms them. */
  readonly unconfirmed: readonly { readonly role: string; readonly assigned: EventCause }[];
  /** What of it governs others' access, by resource. */
  readonly privileges: readonly { readonly resource: OrgResource; readonly permissions: readonly Permission[] }[];
}

/** Everybody in a world in the order of their ids, in pages, each with the events on which their access rests. */
export class ReviewedPeople {
  private readonly held = new HeldAccess();

  constructor(
    private readonly store: EventStore,
    private readonly world: World,
    private readonly causes: Map<string, EventCause>,
  ) {}

  async *pages(): AsyncGenerator<readonly ReviewedPerson[], void, void> {
    const environments = environmentsOf(this.world).map(({ id }) => id);
    for (let after: string | undefined; ; ) {
      const page = principalsOf(this.world, { after, limit: PAGE });
      for (const principal of page) await this.know(principal);
      yield page.map((principal) => this.reviewed(principal, environments));
      after = page.at(-1)?.id;
      if (page.length < PAGE) return;
    }
  }

  /** What a person's own tokens have shown stands in that person's stream. */
  private async know({ id, access }: PrincipalAccess): Promise<void> {
    const ids = access.flatMap(({ bindings }) => bindings.flatMap(({ evidence }) => evidence));
    const missing = new Set(ids.filter((each) => !this.causes.has(each)));
    if (missing.size === 0) return;
    for (const cause of await causesIn(this.store, streamOf('user', id), missing, this.world.at))
      this.causes.set(cause.id, cause);
  }

  private reviewed({ id, role, access }: PrincipalAccess, environments: readonly string[]): ReviewedPerson {
    const { org, groups } = this.world.org;
    const member = holderIn(this.world.org, id);
    const scheme = factsAbout(this.world, id, { kind: 'org', orgId: org.id })?.scheme;
    return {
      id,
      role,
      since: member && this.cause(member.evidence),
      suspended: member?.suspension && this.cause(member.suspension.evidence),
      access: access.map(({ resource, bindings }) => ({
        resource,
        roles: bindings.map((binding) => ({ binding, evidence: binding.evidence.map((each) => this.cause(each)) })),
      })),
      groups: Object.entries(member?.groups ?? {}).flatMap(([groupId, entered]) => {
        const group = groups.get(groupId);
        return group?.status === 'active' ? [{ id: groupId, name: group.name, since: this.cause(entered) }] : [];
      }),
      unconfirmed: Object.entries(member?.assignments ?? {})
        .filter(([assigned, { confirmed }]) => !confirmed && scheme?.roles.get(assigned)?.confirmed === true)
        .map(([assigned, { evidence }]) => ({ role: assigned, assigned: this.cause(evidence[0] ?? '') })),
      privileges: access.length === 0 ? [] : this.privilegesOf(id, environments),
    };
  }

  private privilegesOf(id: string, environments: readonly string[]): ReviewedPerson['privileges'] {
    const orgId = this.world.org.org.id;
    const resources: readonly OrgResource[] = [
      { kind: 'org', orgId },
      ...environments.map((environmentId) => ({ kind: 'environment', orgId, environmentId }) as const),
    ];
    return resources.flatMap((resource) => {
      const facts = factsAbout(this.world, id, resource);
      if (facts === undefined) return [];
      const held = this.held.of(facts, id, resource, this.world.at);
      const permissions = [...governingOf(facts.scheme.document)].filter((permission) => held.has(permission));
      return permissions.length === 0 ? [] : [{ resource, permissions: permissions.sort() }];
    });
  }

  private cause(id: string): EventCause {
    const found = this.causes.get(id);
    if (found === undefined) throw new Error(`the event ${id}, on which access rests, is not in the log`);
    return found;
  }
}
