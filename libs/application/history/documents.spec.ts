import { describe, expect, it } from '@jest/globals';
import type { EnvironmentDocument, MemberDocument, OrgDocument } from '#libs/domain/access/documents.js';
import { noOrg, type OrgState } from '#libs/domain/org/org.js';
import { PersistentMap } from '#libs/domain/persistent-map.js';
import type { EventCause } from './cause.js';
import { changesIn } from './diff.js';
import { Span, type World } from './span.js';
import { principalsOf } from './state.js';
import type { Step } from './steps.js';
import { intervalsIn } from './timeline.js';

const HOUR = 3_600_000;
const iso = (hour: number) => new Date(hour * HOUR).toISOString();
const all = { after: undefined, limit: 100 };

const org: OrgDocument = {
  ...noOrg.org,
  id: 'acme',
  name: 'Acme',
  status: 'active',
  scheme: { id: 'enterprise', version: 1 },
};
const pat: MemberDocument = {
  id: 'pat',
  role: 'org.participant',
  evidence: 'joined',
  grants: {},
  groups: { ops: 'entered' },
};
const ann: MemberDocument = { id: 'ann', role: 'org.participant', evidence: 'joined', grants: {} };
const window = { notBefore: iso(10), notAfter: iso(20), evidence: 'granted' };
const prod: EnvironmentDocument = { id: 'prod', name: 'P', status: 'active', models: {}, groupGrants: { ops: window } };

const stateWith = (of: OrgDocument, members: readonly MemberDocument[], environment = prod): OrgState => ({
  ...noOrg,
  org: of,
  members: PersistentMap.from(members.map((member) => [member.id, member])),
  environments: PersistentMap.from([[environment.id, environment]]),
});

const realm = {
  id: 'default',
  scheme: org.scheme,
  storeId: 's',
  adminGroup: null,
  adminEmailIndexes: [],
  systemUserId: null,
  evidence: 'realm',
};
const worldAt = (hour: number, state: OrgState): World => ({
  at: hour * HOUR,
  org: state,
  realm,
  users: new Map(),
  claimants: [],
});

const cause = (id: string, hour: number): EventCause => ({
  ...{
    kind: 'event',
    id,
    type: 'Some',
    stream: 'org-acme',
    revision: '1',
    at: iso(hour),
    actor: 'olga',
    command: 'Some',
  },
});
const step = (id: string, hour: number, documents: Partial<Step>): Step => ({
  at: hour * HOUR,
  position: { commit: BigInt(hour), prepare: BigInt(hour) },
  cause: cause(id, hour),
  ...documents,
});

const told = (span: Span) =>
  changesIn(span, all)
    .flat()
    .flatMap(({ principal, change, held, cause: by }) =>
      held.filter((each) => /^(org|environment)\.[a-z]+$/.test(each)).map((role) => [principal, change, role, by]),
    );

describe('what documents say that few commands write', () => {
  const state = stateWith(org, [pat, ann]);

  it('a grant to a group holds within its bounds, for those in the group', () => {
    const held = (hour: number) =>
      principalsOf(worldAt(hour, state), all).map(({ id, access }) => [
        id,
        access.map(({ resource }) => resource.kind),
      ]);
    const none = [
      ['ann', ['org']],
      ['pat', ['org']],
    ];
    expect(held(9)).toEqual(none);
    expect(held(10)).toEqual([
      ['ann', ['org']],
      ['pat', ['org', 'environment']],
    ]);
    expect(held(20)).toEqual(none);
    const span = (from: number, to: number) => new Span(worldAt(from, state), worldAt(to, state), []);
    const time = (edge: string, hour: number) =>
      expect.objectContaining({ kind: 'time', edge, at: iso(hour), source: 'group_grant', event: 'granted' });
    expect(told(span(9, 10))).toEqual([['pat', 'gained', 'environment.user', time('began', 10)]]);
    expect(told(span(15, 25))).toEqual([['pat', 'lost', 'environment.user', time('ended', 20)]]);
    expect(told(span(9, 25))).toEqual([]);
  });

  it('leaving a group ends what was held through it', () => {
    const { groups: _, ...outside } = pat;
    const left = step('left', 12, { members: new Map([['pat', outside]]) });
    const span = new Span(worldAt(11, state), worldAt(25, stateWith(org, [outside, ann])), [left]);
    expect(told(span)).toEqual([['pat', 'lost', 'environment.user', cause('left', 12)]]);
  });

  it('a suspension takes everything, of one or of all, and giving it back brings it back', () => {
    const away = { ...pat, suspension: { evidence: 'away' } };
    const ofOne = new Span(worldAt(11, state), worldAt(15, stateWith(org, [away, ann])), [
      step('away', 12, { members: new Map([['pat', away]]) }),
    ]);
    expect(told(ofOne)).toEqual([
      ['pat', 'lost', 'org.participant', cause('away', 12)],
      ['pat', 'lost', 'environment.user', cause('away', 12)],
    ]);
    const closed = { ...org, suspension: { evidence: 'closed' } };
    const ofAll = new Span(worldAt(11, state), worldAt(15, stateWith(closed, [pat, ann])), [
      step('closed', 12, { org: closed }),
    ]);
    expect(told(ofAll).map(([principal, ...rest]) => [principal, rest[1]])).toEqual([
      ['ann', 'org.participant'],
      ['pat', 'org.participant'],
      ['pat', 'environment.user'],
    ]);
    const again = new Span(worldAt(11, state), worldAt(30, state), [
      step('closed', 12, { org: closed }),
      step('opened', 14, { org }),
    ]);
    expect(told(again)).toEqual([['pat', 'lost', 'environment.user', expect.objectContaining({ edge: 'ended' })]]);
    const resource = { kind: 'environment', orgId: 'acme', environmentId: 'prod' } as const;
    const entered = step('created', 11, {
      org,
      members: new Map([['pat', pat]]),
      environments: new Map([['prod', prod]]),
    });
    const life = new Span(worldAt(0, noOrg), again.to, [
      entered,
      step('closed', 12, { org: closed }),
      step('opened', 14, { org }),
    ]);
    const intervals = intervalsIn(life, { principal: 'pat', permission: 'environment:use', resource });
    expect(intervals.map(({ from, reason }) => [from === undefined ? undefined : from / HOUR, reason])).toEqual([
      [undefined, 'unknown_resource'],
      [11, 'allowed'],
      [12, 'org_suspended'],
      [14, 'allowed'],
      [20, 'expired'],
    ]);
  });

  it('of two that end and begin at once, each is the cause of its own', () => {
    const assignments = {
      'org.auditor': { notAfter: iso(10), confirmed: true, evidence: ['audits'] },
      'org.checker': { notBefore: iso(10), confirmed: true, evidence: ['checks'] },
    };
    const same = stateWith(org, [{ ...ann, assignments }]);
    const time = (edge: string, event: string) => expect.objectContaining({ kind: 'time', edge, event });
    expect(told(new Span(worldAt(9, same), worldAt(11, same), []))).toEqual([
      ['ann', 'lost', 'org.auditor', time('ended', 'audits')],
      ['ann', 'gained', 'org.checker', time('began', 'checks')],
    ]);
  });

  it('a deleted environment is gone for those who are suspended and for those who are not', () => {
    const of = { ...org, scheme: { id: 'gateway', version: 1 } };
    const away = { ...ann, role: 'org.admin', suspension: { evidence: 'away' } };
    const [project, deleted] = (['active', 'deleted'] as const).map((status) => ({
      ...prod,
      kind: 'project' as const,
      status,
    }));
    const at = (hour: number, environment: EnvironmentDocument | undefined) => ({
      ...worldAt(hour, stateWith(of, [away], environment)),
      realm: { ...realm, scheme: of.scheme, systemUserId: 'ann' },
    });
    const gone = step('gone', 12, { environments: new Map([['prod', deleted]]) });
    const changes = changesIn(new Span(at(11, project), at(13, deleted), [gone]), all).flat();
    expect(changes).toEqual([expect.objectContaining({ principal: 'ann', change: 'lost', cause: cause('gone', 12) })]);
    expect(changes[0]?.held).toContain('environment:see');
  });
});
