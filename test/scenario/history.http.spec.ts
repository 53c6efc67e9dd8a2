import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Diff, HistoryStory, iso, type State, type Timeline } from './history-story.js';

describe('the history of an organization, over HTTP', () => {
  let story: HistoryStory;
  beforeAll(async () => {
    story = await HistoryStory.tell();
  }, 60_000);
  afterAll(() => story?.api.stop());

  const access = ({ principals }: State, id: string) =>
    principals
      .find((each) => each.id === id)
      ?.access.map(({ resource, roles }) => [resource.id, roles.map((r) => r.role)]);

  it('tells the state at any instant and revision', async () => {
    const { body: created } = await story.get<State>('state?at=0');
    expect(created).toMatchObject({
      moment: { revision: '0' },
      org: { status: 'active', name: 'Acme' },
      environments: [],
    });
    expect(access(created, 'olga')).toEqual([['acme', ['org.owner']]]);
    // Who ran the platform then reached the organization as well.
    expect(access(created, 'admin')).toEqual([['acme', ['platform.admin']]]);

    const { body: before } = await story.get<State>(`state?at=${iso(story.begin - 1)}`);
    expect(access(before, 'pat')).toEqual([['acme', ['org.participant']]]);
    const { body: within } = await story.get<State>(`state?at=${iso(story.begin)}`);
    expect(within.principals.find(({ id }) => id === 'pat')).toEqual({
      id: 'pat',
      role: 'org.participant',
      suspended: false,
      access: [
        {
          resource: { type: 'org', id: 'acme' },
          roles: [
            {
              role: 'org.participant',
              source: 'record',
              notBefore: null,
              notAfter: null,
              evidence: [story.sent['AddMember']?.id],
            },
          ],
        },
        {
          resource: { type: 'environment', id: 'acme/prod' },
          roles: [
            {
              role: 'environment.user',
              source: 'grant',
              notBefore: iso(story.begin),
              notAfter: iso(story.end),
              evidence: [story.sent['AddMember']?.id, story.sent['GrantEnvironmentAccess']?.id],
            },
          ],
        },
      ],
    });
    const { body: after } = await story.get<State>(`state?at=${iso(story.end)}`);
    expect(access(after, 'pat')).toEqual([['acme', ['org.participant']]]);
    const { body: now } = await story.get<State>('state');
    expect(now).toMatchObject({ moment: { revision: '5', at: iso(story.clock.time) }, environments: [{ id: 'prod' }] });
    // What the platform admin's token has shown is too old to count.
    expect(now.principals.map(({ id }) => id)).toEqual(['olga']);
  });

  it('knows of no organization before it was created', async () => {
    const { body } = await story.get<State>(`state?at=${iso(story.start)}`);
    expect(body).toMatchObject({ org: { id: 'acme', status: 'none', name: null }, environments: [], principals: [] });
    expect(body.moment.revision).toBeUndefined();
  });

  it('tells who gained and lost what, and by what', async () => {
    const { body: during } = await story.get<Diff>(`access-diff?from=${iso(story.begin - 1)}&to=${iso(story.begin)}`);
    expect(during.changes).toEqual([
      {
        principal: 'pat',
        resource: { type: 'environment', id: 'acme/prod' },
        change: 'gained',
        roles: ['environment.user'],
        permissions: ['environment:see', 'environment:use', 'workflow:move'],
        cause: {
          kind: 'time',
          at: iso(story.begin),
          edge: 'began',
          source: 'grant',
          event: story.sent['GrantEnvironmentAccess']?.id,
        },
      },
    ]);

    const from = `3@${iso(story.end - 1)}`;
    const { body: left } = await story.get<Diff>(`access-diff?from=${from}`);
    const ofPat = left.changes.filter(({ principal }) => principal === 'pat');
    const removed = {
      kind: 'event',
      id: story.sent['RemoveMember']?.id,
      type: 'MemberRemoved',
      stream: 'org-acme',
      revision: '5',
      at: iso(story.sent['RemoveMember']?.at ?? 0),
      actor: 'olga',
      command: 'RemoveMember',
    };
    const changed = {
      type: 'MemberRoleChanged',
      revision: '4',
      at: iso(story.sent['ChangeMemberRole']?.at ?? 0),
      command: 'ChangeMemberRole',
    };
    const org = { principal: 'pat', resource: { type: 'org', id: 'acme' }, change: 'lost' };
    expect(ofPat).toEqual([
      // Being an admin for a minute is no net change, but it ended the role of a participant.
      {
        ...org,
        roles: ['org.participant'],
        permissions: [],
        cause: { ...removed, id: story.sent['ChangeMemberRole']?.id, ...changed },
      },
      { ...org, roles: [], permissions: expect.arrayContaining(['org:view', 'org:select']), cause: removed },
      {
        ...org,
        resource: { type: 'environment', id: 'acme/prod' },
        roles: ['environment.user'],
        permissions: ['environment:see', 'environment:use', 'workflow:move'],
        cause: removed,
      },
    ]);
    const lapsed = left.changes.find(({ principal }) => principal === 'admin');
    expect(lapsed).toMatchObject({
      change: 'lost',
      roles: ['platform.admin'],
      cause: { kind: 'time', edge: 'ended', source: 'email_allowlist' },
    });
  });

  it('tells when an answer was another one, and what began each time', async () => {
    const query = 'subject=pat&action=environment:use&resource=acme/prod';
    const { body } = await story.get<Timeline>(`access-timeline?${query}`);
    const at = (name: string) => iso(story.sent[name]?.at ?? 0);
    const event = (name: string) => expect.objectContaining({ kind: 'event', id: story.sent[name]?.id, command: name });
    const time = (edge: string) =>
      expect.objectContaining({ kind: 'time', edge, event: story.sent['GrantEnvironmentAccess']?.id });
    const deny = { decision: false };
    expect(body).toMatchObject({ subject: 'pat', action: 'environment:use', resource: { type: 'environment' } });
    expect(body.intervals).toEqual([
      { ...deny, from: null, until: at('CreateEnvironment'), reason: 'unknown_resource', cause: null },
      {
        ...deny,
        from: at('CreateEnvironment'),
        until: at('AddMember'),
        reason: 'not_member',
        cause: event('CreateEnvironment'),
      },
      {
        ...deny,
        from: at('AddMember'),
        until: at('GrantEnvironmentAccess'),
        reason: 'role_lacks_permission',
        cause: event('AddMember'),
      },
      {
        ...deny,
        from: at('GrantEnvironmentAccess'),
        until: iso(story.begin),
        reason: 'not_yet_valid',
        cause: event('GrantEnvironmentAccess'),
      },
      {
        decision: true,
        from: iso(story.begin),
        until: iso(story.end),
        reason: 'allowed',
        role: 'environment.user',
        cause: time('began'),
      },
      { ...deny, from: iso(story.end), until: at('ChangeMemberRole'), reason: 'expired', cause: time('ended') },
      {
        decision: true,
        from: at('ChangeMemberRole'),
        until: at('RemoveMember'),
        reason: 'allowed',
        role: 'environment.user',
        cause: event('ChangeMemberRole'),
      },
      { ...deny, from: at('RemoveMember'), until: null, reason: 'not_member', cause: event('RemoveMember') },
    ]);
    for (const { from, decision } of body.intervals.slice(1)) {
      expect(await story.evaluated('pat', from)).toBe(decision);
      const before = body.intervals.find(({ until }) => until === from)?.decision;
      expect(await story.evaluated('pat', iso(Date.parse(from ?? '') - 1))).toBe(before);
    }
  });

  it("counts a person's claims and the realm's configuration, and their end", async () => {
    const { body } = await story.get<Timeline>('access-timeline?subject=admin&action=org:resolve');
    const told = body.intervals.map(({ decision, reason, cause }) => [
      decision,
      reason,
      cause?.['type'] ?? cause?.['edge'],
    ]);
    expect(told).toEqual([
      [false, 'unknown_resource', undefined],
      [true, 'allowed', 'OrgCreated'],
      [false, 'expired', 'ended'],
    ]);
  });
});
