import type { OrgEvent } from '#libs/domain/org/events.js';

interface NaiveGrant {
  readonly from: string | undefined;
  readonly until: string | undefined;
}

/**
 * An organization written down a second time, from the rules and without the code: mutable, in plain maps and sets.
 * One owner always; owner and admins reach every environment; a participant reaches what was granted to this very
 * person, in [from, until); who leaves, or what is deleted, takes its grants along.
 */
export class NaiveOrg {
  exists = false;
  owner = '';
  readonly roles = new Map<string, string>();
  readonly environments = new Map<string, string>();
  readonly deleted = new Set<string>();
  readonly models = new Map<string, Map<string, string>>();
  /** Environment → person → window. */
  readonly grants = new Map<string, Map<string, NaiveGrant>>();
  readonly groupGrants = new Map<string, Set<string>>();

  apply({ type, data }: OrgEvent): void {
    switch (type) {
      case 'OrgCreated':
        this.exists = true;
        this.owner = data.owner.userId;
        this.roles.set(data.owner.userId, data.owner.role);
        break;
      case 'MemberAdded':
      case 'MemberRoleChanged':
        this.roles.set(data.userId, data.role);
        break;
      case 'MemberRemoved':
        this.roles.delete(data.userId);
        for (const granted of this.grants.values()) granted.delete(data.userId);
        break;
      case 'OrgOwnershipTransferred':
        this.owner = data.to;
        this.roles.set(data.from, 'org.admin');
        this.roles.set(data.to, 'org.owner');
        break;
      case 'EnvironmentCreated':
        this.environments.set(data.environmentId, data.name);
        break;
      case 'EnvironmentDeleted':
        this.environments.delete(data.environmentId);
        this.deleted.add(data.environmentId);
        this.grants.delete(data.environmentId);
        this.groupGrants.delete(data.environmentId);
        this.models.delete(data.environmentId);
        break;
      case 'EnvironmentAccessGranted':
        if (data.grantee.type === 'group') {
          const groups = this.groupGrants.get(data.environmentId) ?? new Set<string>();
          this.groupGrants.set(data.environmentId, groups.add(data.grantee.id));
        } else {
          const granted = this.grants.get(data.environmentId) ?? new Map<string, NaiveGrant>();
          granted.set(data.grantee.id, { from: data.notBefore, until: data.notAfter });
          this.grants.set(data.environmentId, granted);
        }
        break;
      case 'EnvironmentAccessRevoked':
        if (data.grantee.type === 'group') this.groupGrants.get(data.environmentId)?.delete(data.grantee.id);
        else this.grants.get(data.environmentId)?.delete(data.grantee.id);
        break;
      case 'ModelAdded': {
        const models = this.models.get(data.environmentId) ?? new Map<string, string>();
        this.models.set(data.environmentId, models.set(data.modelId, `${data.provider}/${data.name}`));
        break;
      }
      case 'ModelRemoved':
        this.models.get(data.environmentId)?.delete(data.modelId);
        break;
      case 'CommandHadNoEffect':
      case 'MembershipClaimVoided':
        break;
    }
  }

  mayUse(person: string, environment: string, at: number): boolean {
    const role = this.roles.get(person);
    if (!this.exists || role === undefined || !this.environments.has(environment)) return false;
    if (role !== 'org.participant') return true;
    const grant = this.grants.get(environment)?.get(person);
    if (grant === undefined) return false;
    const begun = grant.from === undefined || at >= new Date(grant.from).getTime();
    return begun && (grant.until === undefined || at < new Date(grant.until).getTime());
  }
}
