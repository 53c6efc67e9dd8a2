import { authorize } from '#libs/application/authorize.js';
import { type CommandRow, rowOf } from '#libs/application/command-table.js';
import type { Facts, Resource } from '#libs/domain/access/bindings.js';
import type { RealmDocument } from '#libs/domain/access/documents.js';
import { permit } from '#libs/domain/access/permit.js';
import { isRefusal } from '#libs/domain/decision.js';
import { orgCommands } from '#libs/domain/org/decisions.js';
import { holderIn, noOrg, type OrgState } from '#libs/domain/org/org.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import { type Command, decide, epoch, fold, realmWith } from '../support/decider.js';
import { permissions } from './access-world.js';
import { commandsOf, environments, people } from './small-world-commands.js';

export const orgIds = ['acme', 'beta'] as const;
export type OrgId = (typeof orgIds)[number];
/** `pat` administers the platform. */
const actors = [...people, 'pat'];

const realm: RealmDocument = { ...realmWith([]), systemUserId: 'pat' };

/** One organization of the small world, and everything that follows from it; found again by what can bear on access. */
export interface SmallOrg {
  readonly key: string;
  readonly state: OrgState;
  /** Principal → `permission@place`. */
  readonly rights: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Move {
  readonly actor: string;
  readonly command: Command;
  readonly to: SmallOrg;
}

/** The worlds of one scheme: what each organization can become by one command that is permitted and not refused. */
export class SmallWorld {
  /** Commands that were tried, permitted or not. */
  tried = 0;
  private readonly found = new Map<string, SmallOrg>();
  private readonly next = new Map<string, readonly Move[]>();
  private readonly commands: Readonly<Record<OrgId, readonly Command[]>>;

  constructor(readonly scheme: CompiledScheme) {
    this.commands = { acme: commandsOf(scheme, 'acme'), beta: commandsOf(scheme, 'beta') };
  }

  /** The organization after these commands, whoever sends them. */
  begin(org: OrgId, commands: readonly Command[]): SmallOrg {
    const state = commands.reduce((before, command) => {
      const decision = decide(before, command, this.scheme);
      if (isRefusal(decision)) throw new Error(`${org} cannot begin: ${decision.refused}`);
      return fold('org', decision, before);
    }, noOrg);
    return this.org(org, state);
  }

  moves(org: OrgId, from: SmallOrg): readonly Move[] {
    const known = this.next.get(`${org} ${from.key}`);
    if (known !== undefined) return known;
    const moves: Move[] = [];
    for (const actor of actors)
      for (const each of this.commands[org]) {
        const command = { ...each, actor };
        this.tried += 1;
        if (!this.mayDo(org, from.state, command)) continue;
        const decision = decide(from.state, command, this.scheme);
        if (isRefusal(decision) || decision.length === 0) continue;
        moves.push({ actor, command, to: this.org(org, fold('org', decision, from.state)) });
      }
    this.next.set(`${org} ${from.key}`, moves);
    return moves;
  }

  facts(state: OrgState, principal: string, resource: Resource): Facts {
    const environment = resource.kind === 'environment' ? state.environments.get(resource.environmentId) : undefined;
    return {
      scheme: this.scheme,
      realm,
      user: undefined,
      org: state.org,
      member: holderIn(state, principal),
      environment,
    };
  }

  /** As the write side asks: for every need of the command's row. */
  private mayDo(org: OrgId, state: OrgState, { name, input, actor = '' }: Command): boolean {
    const parsed = orgCommands[name].parse(input);
    const row: CommandRow = rowOf(name);
    const needs = row.needs({ input: parsed, orgId: org, state: state as never, scheme: this.scheme, actor });
    return !('denied' in authorize(needs, ({ resource }) => this.facts(state, actor, resource), actor, epoch));
  }

  private org(org: OrgId, state: OrgState): SmallOrg {
    const key = keyOf(state);
    const known = this.found.get(`${org} ${key}`);
    if (known !== undefined) return known;
    const principals = [...actors, `service:${org}/m`, `workflow:${org}/w`];
    const places: Resource[] = [
      { kind: 'org', orgId: org },
      ...environments.map((environmentId): Resource => ({ kind: 'environment', orgId: org, environmentId })),
    ];
    const rights = new Map(
      principals.map((principal) => [
        principal,
        new Set(places.flatMap((place) => this.heldAt(state, principal, place))),
      ]),
    );
    const made = { key, state, rights };
    this.found.set(`${org} ${key}`, made);
    return made;
  }

  private heldAt(state: OrgState, principal: string, resource: Resource): string[] {
    const facts = this.facts(state, principal, resource);
    const place = resource.kind === 'environment' ? resource.environmentId : '';
    return permissions
      .filter((permission) => permit(facts, { principal, permission, resource, at: epoch }).allowed)
      .map((permission) => `${permission}@${place}`);
  }
}

/** Everything but what no access follows from, ids of events, and names. */
function keyOf({ org, members, groups, environments: all, invitations, services, workflows }: OrgState): string {
  const sorted = (map: { entries: () => Iterable<readonly [string, unknown]> }) =>
    [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  const {
    name: _,
    transferRequest: __,
    legalHolds: ___,
    voidedClaims: ____,
    plan: _____,
    cancellation: ______,
    ...bears
  } = org;
  const whole = [bears, ...[members, groups, all, invitations, services, workflows].map(sorted)];
  return JSON.stringify(whole, (field, value: unknown) =>
    [
      'evidence',
      'name',
      'models',
      'mcpServers',
      'oauthConnections',
      'contents',
      'cloudProvider',
      'credential',
      'keys',
      'apiKeys',
      'createdAt',
      'erasureRequested',
      'addressErased',
    ].includes(field)
      ? undefined
      : value,
  );
}
