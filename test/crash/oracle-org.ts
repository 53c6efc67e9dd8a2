import type { OrgEvent } from '#libs/domain/org/events.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import { optional, type Row, type Rows } from './rows.js';

interface Member {
  role: string;
  since: string;
  revision: string;
  evidence: string;
  readonly grants: Map<string, Row>;
}

/**
 * One organization's rows, written down from the meaning of its events and without the projections: mutable, in plain
 * maps, event by event. What is illegal in a log throws.
 */
export class OrgOracle {
  private readonly id: string;
  private organization: Row | undefined;
  private org: Record<string, unknown> = {};
  private readonly holders: Record<string, number> = {};
  private readonly voided: string[] = [];
  private readonly members = new Map<string, Member>();
  private readonly environments = new Map<string, { row: Row; active: boolean; models: Map<string, Row> }>();
  private readonly access = new Map<string, Row>();

  constructor(private readonly stream: string) {
    this.id = stream.slice('org-'.length);
  }

  isMember(person: string): boolean {
    return this.members.has(person);
  }

  apply(event: StoredEvent): void {
    const { type, data } = event as unknown as OrgEvent;
    const at = String(event.metadata.occurredAt);
    const revision = `${event.revision}`;
    switch (type) {
      case 'OrgCreated': {
        expect(this.organization === undefined, event);
        const { id, version } = data.scheme;
        this.organization = {
          org_id: this.id,
          realm: event.metadata.realm,
          name: data.name,
          owner_id: data.owner.userId,
          scheme_id: id,
          scheme_version: version,
          created_at: at,
          revision,
        };
        this.org = { name: data.name, scheme: data.scheme, ownerId: data.owner.userId, evidence: event.id };
        this.join(data.owner.userId, data.owner.role, event);
        break;
      }
      case 'MemberAdded':
        expect(!this.members.has(data.userId), event);
        this.join(data.userId, data.role, event);
        break;
      case 'MemberRoleChanged':
        this.takesRole(data.userId, data.role, event);
        break;
      case 'MemberRemoved': {
        const { role } = this.member(data.userId, event);
        this.count(role, -1);
        this.members.delete(data.userId);
        this.dropAccess((row) => row.grantee_type === 'user' && row.grantee_id === data.userId);
        break;
      }
      case 'OrgOwnershipTransferred':
        this.takesRole(data.from, data.left, event);
        this.takesRole(data.to, data.role, event);
        this.organization = { ...this.organization, owner_id: data.to, revision };
        this.org = { ...this.org, ownerId: data.to };
        break;
      case 'EnvironmentCreated':
        expect(!this.environments.has(data.environmentId), event);
        this.environments.set(data.environmentId, {
          row: {
            org_id: this.id,
            environment_id: data.environmentId,
            kind: data.kind ?? 'environment',
            name: data.name,
            created_at: at,
            created_by: event.metadata.actor,
          },
          active: true,
          models: new Map(),
        });
        break;
      case 'EnvironmentDeleted': {
        const environment = this.environment(data.environmentId, event);
        environment.active = false;
        environment.models.clear();
        this.dropAccess((row) => row.environment_id === data.environmentId);
        break;
      }
      case 'EnvironmentAccessGranted': {
        this.environment(data.environmentId, event);
        const member = this.member(data.grantee.id, event);
        const { notBefore, notAfter, role } = data;
        member.grants.set(data.environmentId, { ...optional({ notBefore, notAfter, role }), evidence: event.id });
        this.access.set(`${data.environmentId}/${data.grantee.id}`, {
          org_id: this.id,
          environment_id: data.environmentId,
          grantee_type: data.grantee.type,
          grantee_id: data.grantee.id,
          not_before: notBefore ?? null,
          not_after: notAfter ?? null,
          role: role ?? null,
          granted_by: event.metadata.actor,
          granted_at: at,
          event_id: event.id,
        });
        break;
      }
      case 'EnvironmentAccessRevoked':
        this.member(data.grantee.id, event).grants.delete(data.environmentId);
        this.access.delete(`${data.environmentId}/${data.grantee.id}`);
        break;
      case 'ModelAdded':
        this.environment(data.environmentId, event).models.set(data.modelId, {
          org_id: this.id,
          environment_id: data.environmentId,
          model_id: data.modelId,
          provider: data.provider,
          name: data.name,
        });
        break;
      case 'ModelRemoved':
        this.environment(data.environmentId, event).models.delete(data.modelId);
        break;
      case 'MembershipClaimVoided':
        this.voided.push(data.claimId);
        break;
      case 'CommandHadNoEffect':
        break;
    }
  }

  addTo(rows: Rows): void {
    if (this.organization !== undefined) rows.add('organizations', this.organization);
    for (const [user_id, { role, since, revision }] of this.members)
      rows.add('members', { org_id: this.id, user_id, role, since, revision });
    for (const { row, active, models } of this.environments.values()) {
      if (active) rows.add('environments', row);
      for (const model of models.values()) rows.add('environment_models', model);
    }
    for (const row of this.access.values()) rows.add('environment_access', row);
    for (const [kind, id, doc] of this.documents())
      rows.add('access_documents', { stream: this.stream, kind, id, doc });
  }

  private *documents(): Iterable<readonly [kind: string, id: string, doc: unknown]> {
    // The owner is a member, so there is a document of an organization wherever it was created or a claim was voided.
    if (this.organization !== undefined || this.voided.length > 0) yield ['org', '', this.orgDocument()];
    for (const [id, { role, evidence, grants }] of this.members)
      yield ['member', id, { id, role, evidence, grants: Object.fromEntries(grants) }];
    for (const [id, { row, active, models }] of this.environments)
      yield [
        'environment',
        id,
        {
          id,
          name: row.name,
          ...(row.kind !== 'environment' && { kind: row.kind }),
          status: active ? 'active' : 'deleted',
          models: Object.fromEntries([...models].map(([model, { provider, name }]) => [model, { provider, name }])),
          groupGrants: {},
        },
      ];
  }

  private orgDocument(): unknown {
    const none = { name: '', scheme: { id: '', version: 0 }, ownerId: '', evidence: '' };
    const exists = this.organization !== undefined;
    return {
      id: exists ? this.id : '',
      status: exists ? 'active' : 'none',
      ...(exists ? this.org : none),
      holders: this.holders,
      voidedClaims: this.voided,
    };
  }

  private join(person: string, role: string, event: StoredEvent): void {
    this.count(role, 1);
    this.members.set(person, {
      role,
      since: String(event.metadata.occurredAt),
      revision: `${event.revision}`,
      evidence: event.id,
      grants: new Map(),
    });
  }

  private takesRole(person: string, role: string, event: StoredEvent): void {
    const member = this.member(person, event);
    this.count(member.role, -1);
    this.count(role, 1);
    Object.assign(member, { role, revision: `${event.revision}`, evidence: event.id });
  }

  private count(role: string, change: number): void {
    this.holders[role] = (this.holders[role] ?? 0) + change;
  }

  private dropAccess(which: (row: Row) => boolean): void {
    for (const [key, row] of this.access) {
      if (!which(row)) continue;
      this.access.delete(key);
      this.members.get(String(row.grantee_id))?.grants.delete(String(row.environment_id));
    }
  }

  private member(person: string, event: StoredEvent): Member {
    const member = this.members.get(person);
    if (member === undefined) throw illegal(event);
    return member;
  }

  private environment(id: string, event: StoredEvent) {
    const environment = this.environments.get(id);
    if (environment?.active !== true) throw illegal(event);
    return environment;
  }
}

const illegal = ({ stream, revision, type }: StoredEvent) => new Error(`${type} is not legal at ${stream}@${revision}`);

function expect(legal: boolean, event: StoredEvent): void {
  if (!legal) throw illegal(event);
}
