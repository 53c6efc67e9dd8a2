import { describe, expect, it } from '@jest/globals';
import fc from '../support/fast-check.js';
import type { AccessChange } from '#libs/application/history/diff.js';
import type { AskedMoment } from '#libs/application/history/moments.js';
import type { PrincipalAccess } from '#libs/application/history/state.js';
import { permit } from '#libs/domain/access/permit.js';
import { actionOf, isPermission, type Permission } from '#libs/domain/schemes/actions.js';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import { happeningsOf, HistoryWorld, orgId, people, realmId, resources } from './history-world.js';

const RUNS = 30;
/** A failure is told at once: to shrink a history takes minutes. */
const endOnFailure = true;
const all = { after: undefined, limit: 1000 };
const nameOf = (resource: object) => JSON.stringify(resource);

async function stateAt({ history }: HistoryWorld, asked: AskedMoment) {
  const found = await history.state(realmId, orgId, asked, all);
  if (found.kind !== 'answered') throw new Error(JSON.stringify(found));
  return found;
}

async function changesOf({ history }: HistoryWorld, from: AskedMoment, to: AskedMoment) {
  const found = await history.diff(realmId, orgId, { from, to }, all);
  if (found.kind !== 'answered') throw new Error(JSON.stringify(found));
  return found.changes.flat();
}

/** Who holds which role where, as lines that can be compared. */
const linesOf = (principals: readonly PrincipalAccess[]): string[] => [
  ...new Set(
    principals.flatMap(({ id, access }) =>
      access.flatMap(({ resource, bindings }) => bindings.map(({ role }) => `${id} ${nameOf(resource)} ${role}`)),
    ),
  ),
];

const lineOf = ({ principal, resource }: AccessChange, held: string) => `${principal} ${nameOf(resource)} ${held}`;

/** What the causes of changes were, in all histories that were tried. */
const seen = new Set<string>();

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))(
  'any history under %s',
  (_, scheme) => {
    const happenings = happeningsOf(scheme);
    const pick = fc.double({ min: 0, max: 1, noNaN: true });
    const at = (world: HistoryWorld, where: number) => {
      const { instants } = world;
      return instants[Math.min(instants.length - 1, Math.floor(where * instants.length))] ?? 0;
    };

    it('has a state at every instant and revision that says what permit() says (P11)', async () => {
      await fc.assert(
        fc.asyncProperty(happenings, fc.array(pick, { minLength: 8, maxLength: 8 }), async (given, places) => {
          const world = await HistoryWorld.of(scheme, given);
          const count = world.events(`org-${orgId}`).length;
          const instants = places.map((where) => ({ instant: at(world, where) }));
          const revisions = places.slice(0, 2).map((where) => ({ revision: BigInt(Math.floor(where * (count - 1))) }));
          for (const asked of [...instants, ...revisions]) {
            const { principals, moment } = await stateAt(world, asked);
            // In the middle of a command it is what was before it.
            if ('revision' in asked && !world.endsCommand(moment.org.revision, asked.revision))
              throw new Error(`${asked.revision} was asked for, ${moment.org.revision} answered`);
            for (const person of people) {
              const access = principals.find(({ id }) => id === person)?.access ?? [];
              const rolesOn = (resource: object) =>
                access.filter((each) => nameOf(each.resource) === nameOf(resource)).flatMap(({ bindings }) => bindings);
              for (const resource of resources) {
                const facts = world.factsAt(moment.at, person, resource, moment.org.revision);
                const active = facts?.org?.status === 'active';
                const there = active && (resource.kind === 'org' || facts?.environment?.status === 'active');
                const own = rolesOn(resource).map(({ role }) => role);
                const roles = there ? [...own, ...rolesOn({ kind: 'org', orgId }).map(({ role }) => role)] : own;
                const second = scheme.children.get(facts?.environment?.kind ?? 'environment')?.conjunctions;
                const holds = (permission: Permission | undefined) =>
                  permission === undefined || roles.some((role) => scheme.holders.get(permission)?.has(role));
                const allowed = world.permissionsAt(moment.at, person, resource, moment.org.revision);
                for (const permission of scheme.holders.keys()) {
                  const and = resource.kind === 'environment' ? second?.get(permission) : undefined;
                  if ((holds(permission) && holds(and)) !== allowed.has(permission))
                    throw new Error(`${person} ${permission} on ${nameOf(resource)}: ${roles.join()}`);
                }
              }
            }
          }
        }),
        { numRuns: RUNS, endOnFailure },
      );
    });

    it('differs between two moments by what the diff says, permission by permission, for the causes that it names', async () => {
      const places = fc.array(fc.tuple(pick, fc.constantFrom(1, 2, 3, 6, 1000)), { minLength: 5, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(happenings, places, async (given, pairs) => {
          const world = await HistoryWorld.of(scheme, given);
          const { bounds, instants } = world;
          for (const bound of bounds.slice(-3)) await expectDiff(world, bound - 1, bound);
          for (const [where, further] of pairs) {
            const i = Math.floor(where * (instants.length - 1));
            await expectDiff(world, instants[i] ?? 0, instants[Math.min(i + further, instants.length - 1)] ?? 0);
          }
        }),
        { numRuns: RUNS, endOnFailure },
      );
    });

    async function expectDiff(world: HistoryWorld, from: number, to: number): Promise<void> {
      const changes = await changesOf(world, { instant: from }, { instant: to });
      const lines = new Set(linesOf((await stateAt(world, { instant: from })).principals));
      for (const change of changes)
        for (const role of change.held.filter((each) => !isPermission(each))) {
          expect(lines.has(lineOf(change, role))).toBe(change.change === 'lost');
          if (change.change === 'lost') lines.delete(lineOf(change, role));
          else lines.add(lineOf(change, role));
        }
      expect([...lines].sort()).toEqual(linesOf((await stateAt(world, { instant: to })).principals).sort());
      expectPermissions(world, changes, from, to);
      expectCauses(world, changes, from, to);
      for (const { cause } of changes) seen.add(cause.kind === 'time' ? cause.edge : cause.stream.replace(/-.*/, ''));
    }

    /** Permissions are listed where the resource makes a difference. */
    function expectPermissions(world: HistoryWorld, changes: readonly AccessChange[], from: number, to: number): void {
      const told = new Set(
        changes.flatMap((change) =>
          change.held.filter(isPermission).map((each) => `${change.change} ${lineOf(change, each)}`),
        ),
      );
      const expected = new Set<string>();
      for (const principal of people)
        for (const resource of resources) {
          const listed = (permission: Permission, at: number) => {
            const { scope } = actionOf(permission);
            if (resource.kind === 'org') return scope === 'org';
            const kind = world.factsAt(at, principal, resource)?.environment?.kind ?? 'environment';
            return scope === 'environment' || scheme.children.get(kind)?.conjunctions.has(permission) === true;
          };
          const [before, after] = [from, to].map((at) => world.permissionsAt(at, principal, resource));
          for (const permission of scheme.holders.keys()) {
            const [had, has] = [before?.has(permission), after?.has(permission)];
            if (had === has || !listed(permission, has === true ? to : from)) continue;
            expected.add(`${has ? 'gained' : 'lost'} ${principal} ${nameOf(resource)} ${permission}`);
          }
        }
      expect([...told].sort()).toEqual([...expected].sort());
    }

    /** From its cause on nothing changes any more, and before it was otherwise. */
    function expectCauses(world: HistoryWorld, changes: readonly AccessChange[], from: number, to: number): void {
      const { edges, instants } = world;
      const byId = new Map(world.store.log.map((event) => [event.id, event]));
      for (const { principal, resource, change, held, cause } of changes) {
        const since = Date.parse(cause.at);
        expect([since > from, since <= to]).toEqual([true, true]);
        const event = byId.get(cause.kind === 'event' ? cause.id : cause.event);
        if (cause.kind === 'event')
          expect(cause).toMatchObject({
            type: event?.type,
            at: event?.metadata['occurredAt'],
            actor: event?.metadata['actor'],
            command: event?.metadata['command'],
          });
        else expect(event).toBeDefined();
        for (const permission of held.filter(isPermission)) {
          const then = (at: number) => world.permissionsAt(at, principal, resource).has(permission);
          for (const instant of instants.filter((each) => each >= since && each <= to))
            if (then(instant) !== (change === 'gained')) throw new Error(`${principal} ${permission}: not for good`);
          const company = edges.filter((edge) => edge === since).length;
          if (company <= 1) expect([permission, then(since - 1)]).toEqual([permission, change === 'lost']);
        }
      }
    }

    it('has a timeline that says what an evaluation says, also at its edges and next to them', async () => {
      const question = fc.record({
        principal: fc.constantFrom(...people),
        permission: fc.constantFrom(...scheme.holders.keys()),
        resource: fc.constantFrom(...resources),
      });
      await fc.assert(
        fc.asyncProperty(happenings, fc.array(question, { minLength: 1, maxLength: 5 }), async (given, questions) => {
          const world = await HistoryWorld.of(scheme, given);
          for (const asked of questions) {
            const { intervals } = await world.history.timeline(realmId, orgId, asked);
            expect(intervals[0]?.from).toBeUndefined();
            expect(intervals.at(-1)?.until).toBeUndefined();
            for (const [i, interval] of intervals.entries()) {
              const next = intervals[i + 1];
              expect(next?.from).toBe(interval.until);
              if (next === undefined) continue;
              expect(next.from).toBeGreaterThan(interval.from ?? Number.NEGATIVE_INFINITY);
              expect([next.decision, next.reason, next.role]).not.toEqual([
                interval.decision,
                interval.reason,
                interval.role,
              ]);
              expect(Date.parse(next.cause?.at ?? '')).toBe(next.from);
            }
            for (const at of world.instants) {
              const within = intervals.filter(
                ({ from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY }) => from <= at && at < until,
              );
              const facts = world.factsAt(at, asked.principal, asked.resource);
              const answer = facts && permit(facts, { ...asked, at });
              expect(within).toEqual([
                expect.objectContaining({
                  decision: answer?.allowed ?? false,
                  reason: answer?.reason ?? 'unknown_resource',
                  role: answer?.allowed === true ? answer.role : undefined,
                }),
              ]);
            }
          }
        }),
        { numRuns: RUNS, endOnFailure },
      );
    });

    it('answers a moment that an answer named the same later, after whatever has happened since', async () => {
      await fc.assert(
        fc.asyncProperty(happenings, happenings, pick, async (given, later, where) => {
          const world = await HistoryWorld.of(scheme, given);
          const earlier = await stateAt(world, { instant: at(world, where) });
          const now = await stateAt(world, {});
          const named = ({ moment }: typeof now): AskedMoment => ({
            revision: moment.org.revision,
            instant: moment.at,
          });
          const changes = await changesOf(world, named(earlier), named(now));
          await world.command({ name: 'RemoveMember', input: { userId: 'bob' }, newId: 'x', actor: 'ann' });
          // Events of people and of the realm within the same millisecond are told apart by no revision.
          world.clock.time += 1;
          await world.go(later);
          expect((await stateAt(world, named(now))).principals).toEqual(now.principals);
          expect((await stateAt(world, named(earlier))).principals).toEqual(earlier.principals);
          expect(await changesOf(world, named(earlier), named(now))).toEqual(changes);
        }),
        { numRuns: RUNS, endOnFailure },
      );
    });

    it('is read page by page without a difference', async () => {
      await fc.assert(
        fc.asyncProperty(happenings, async (given) => {
          const world = await HistoryWorld.of(scheme, given);
          const { principals } = await stateAt(world, {});
          const paged: PrincipalAccess[] = [];
          for (;;) {
            const page = await world.history.state(realmId, orgId, {}, { after: paged.at(-1)?.id, limit: 1 });
            if (page.kind !== 'answered' || page.principals.length === 0) break;
            paged.push(...page.principals);
          }
          expect(paged).toEqual(principals);
          const from = { instant: 0 };
          const changes: AccessChange[] = [];
          for (;;) {
            const keyset = { after: changes.at(-1)?.principal, limit: 1 };
            const page = await world.history.diff(realmId, orgId, { from, to: {} }, keyset);
            if (page.kind !== 'answered' || page.changes.length === 0) break;
            changes.push(...page.changes.flat());
          }
          expect(changes).toEqual(await changesOf(world, from, {}));
        }),
        { numRuns: 10, endOnFailure },
      );
    });
  },
);

it('these histories have changes of every cause', () => {
  expect([...seen].sort()).toEqual(['began', 'ended', 'org', 'realm', 'user']);
});
