import type { Facts, Resource, Session } from '#libs/domain/access/bindings.js';
import { permit } from '#libs/domain/access/permit.js';
import { type Category, evolve, initialState, type StateByCategory } from '#libs/domain/aggregates.js';
import type { Permission } from '#libs/domain/schemes/actions.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import { endsCommand } from '#libs/application/metadata.js';
import { Clock } from '#libs/application/ports/clock.js';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { TestApi } from '../support/api.js';

/** Stands still until it is set: what is searched and what is compared with it are of one instant. */
export class StandingClock extends Clock {
  time = Date.parse('2026-06-01T00:00:00.000Z');
  override now(): number {
    return this.time;
  }
}

export type Until = { readonly instant: number } | { readonly revision: bigint };

/** The log read whole and folded anew for every question, with none of the product's own ways of finding anything. */
export class Oracle {
  /** Of whoever asks. */
  session: Session | undefined;
  private readonly events = new Map<string, Promise<readonly StoredEvent[]>>();

  constructor(
    private readonly api: TestApi,
    private readonly realm: string,
  ) {}

  /** What was read of the log is forgotten: it has moved. */
  forget(): void {
    this.events.clear();
  }

  async lastRevision(orgId: string): Promise<bigint> {
    return BigInt((await this.read(`org-${orgId}`)).length) - 1n;
  }

  async org(orgId: string, revision: bigint) {
    return this.fold('org', orgId, { revision });
  }

  /** `now`: the instant to decide at, where it is not that of the moment. */
  async may(
    principal: string,
    permission: Permission,
    resource: Resource,
    until: Until,
    now?: number,
  ): Promise<boolean> {
    const org = 'orgId' in resource ? await this.fold('org', resource.orgId, until) : undefined;
    const at = now ?? ('instant' in until ? until.instant : Date.parse(org?.occurredAt ?? ''));
    const realm = await this.fold('realm', this.realm, { instant: at });
    const user = await this.fold('user', principal, { instant: at });
    if (realm.state.realm === undefined) return false;
    const state = org?.state;
    const facts: Facts = {
      scheme: schemeOf(state?.org.status === 'active' ? state.org.scheme : realm.state.realm.scheme, realm.state.realm),
      realm: realm.state.realm,
      user: user.state.user,
      org: state?.org,
      member: state?.members.get(principal),
      session: this.session,
      environment: resource.kind === 'environment' ? state?.environments.get(resource.environmentId) : undefined,
    };
    return permit(facts, { principal, permission, resource, at }).allowed;
  }

  private async fold<C extends Category>(
    category: C,
    id: string,
    until: Until,
  ): Promise<{ state: StateByCategory[C]; occurredAt: string }> {
    let state = initialState(category);
    let whole = { state, occurredAt: '' };
    for (const { id: event, type, data, revision, metadata } of await this.read(`${category}-${id}`)) {
      const occurredAt = metadata.occurredAt ?? '';
      if ('revision' in until ? revision > until.revision : Date.parse(occurredAt) > until.instant) break;
      state = evolve(category, state, { type, data, stamp: { id: event, revision, occurredAt } });
      if (endsCommand(metadata)) whole = { state, occurredAt };
    }
    return whole;
  }

  private read(stream: string): Promise<readonly StoredEvent[]> {
    const reading = this.events.get(stream) ?? this.readAll(stream);
    this.events.set(stream, reading);
    return reading;
  }

  private async readAll(stream: string): Promise<readonly StoredEvent[]> {
    const all: StoredEvent[] = [];
    for await (const page of this.api.services.store.read(stream, 0n)) all.push(...page);
    return all;
  }
}
