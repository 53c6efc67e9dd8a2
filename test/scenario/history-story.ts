import { expect } from '@jest/globals';
import { Clock } from '#libs/application/ports/clock.js';
import { startTestApi, type TestApi } from '../support/api.js';

/** Stands still until it is set: an edge is one millisecond wide. */
class StandingClock extends Clock {
  time = Date.now();
  override now(): number {
    return this.time;
  }
}

export const MINUTE = 60_000;
const DAY = 86_400_000;
export const iso = (ms: number) => new Date(ms).toISOString();

interface Cause {
  readonly kind: string;
  readonly at: string;
  readonly [member: string]: unknown;
}
export interface State {
  readonly moment: { readonly revision: string; readonly at: string };
  readonly org: { readonly status: string };
  readonly principals: readonly {
    readonly id: string;
    readonly role: string | null;
    readonly access: readonly { readonly resource: { readonly id: string }; readonly roles: { role: string }[] }[];
  }[];
  readonly next?: string;
}
export interface Diff {
  readonly from: { readonly revision?: string };
  readonly changes: readonly {
    readonly principal: string;
    readonly resource: { readonly type: string; readonly id: string };
    readonly change: string;
    readonly roles: readonly string[];
    readonly permissions: readonly string[];
    readonly cause: Cause;
  }[];
  readonly next?: string;
}
export interface Timeline {
  readonly intervals: readonly {
    readonly from: string | null;
    readonly until: string | null;
    readonly decision: boolean;
    readonly reason: string;
    readonly cause: Cause | null;
  }[];
}

interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/**
 * Two organizations. In `acme`, olga lets pat use `prod` for half a day, makes pat an admin once that is over, and removes
 * pat a minute later; two days after the beginning it is looked back on.
 */
export class HistoryStory {
  readonly start: number;
  /** When each command was sent, and the id of its event. */
  readonly sent: Record<string, { readonly at: number; readonly id: string }> = {};
  begin = 0;
  end = 0;
  private token = '';

  private constructor(
    readonly api: TestApi,
    readonly clock: StandingClock,
  ) {
    this.start = clock.time;
  }

  static async tell(): Promise<HistoryStory> {
    const clock = new StandingClock();
    const story = new HistoryStory(await startTestApi({ clock }), clock);
    const { command } = story;
    await command('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'olga' });
    await command('admin', 'realm', 'CreateOrg', { orgId: 'other', name: 'Other', ownerId: 'otto' }, 'other');
    await command('olga', 'orgs/acme', 'CreateEnvironment', { environmentId: 'prod', name: 'Prod' });
    await command('olga', 'orgs/acme', 'AddMember', { userId: 'pat', role: 'org.participant' });
    story.begin = clock.time + 2 * MINUTE;
    story.end = story.begin + DAY / 2;
    const window = { notBefore: iso(story.begin), notAfter: iso(story.end) };
    const grantee = { type: 'user', id: 'pat' };
    await command('olga', 'orgs/acme', 'GrantEnvironmentAccess', { environmentId: 'prod', grantee, ...window });
    clock.time = story.end + MINUTE;
    await command('olga', 'orgs/acme', 'ChangeMemberRole', { userId: 'pat', role: 'org.admin' });
    await command('olga', 'orgs/acme', 'RemoveMember', { userId: 'pat' });
    clock.time = story.start + 2 * DAY;
    return story;
  }

  /** A minute after what was before; under the label the event is found again. */
  readonly command = async (sub: string, target: string, name: string, body: unknown, label = name): Promise<void> => {
    this.clock.time += MINUTE;
    const headers = await this.as(sub);
    const answer = await this.api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    expect([name, answer.status, answer.text]).toEqual([name, 200, expect.anything()]);
    this.token = String(answer.headers['consistency-token']);
    const { events } = JSON.parse(answer.text) as { events: { id: string }[] };
    this.sent[label] = { at: this.clock.time, id: events[0]?.id ?? '' };
  };

  readonly get = async <Body>(path: string, sub = 'olga', org = 'acme'): Promise<Answer<Body>> => {
    const headers = await this.as(sub);
    const { status, text } = await this.api.http.send({ path: `/v1/orgs/${org}/history/${path}`, headers });
    return { status, body: JSON.parse(text) as Body };
  };

  /** What an evaluation says of the use of `prod` at a moment. */
  readonly evaluated = async (subject: string, at: unknown): Promise<boolean> => {
    const body = {
      subject: { type: 'user', id: subject },
      action: { name: 'environment:use' },
      resource: { type: 'environment', id: 'acme/prod' },
      context: { at },
    };
    const answer = await this.api.http.send({ path: '/access/v1/evaluation', headers: await this.as('olga'), body });
    expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
    return (JSON.parse(answer.text) as { decision: boolean }).decision;
  };

  private async as(sub: string): Promise<Record<string, string>> {
    const authorization = await this.api.bearer(sub, sub === 'admin' ? { email: 'admin@localhost' } : {});
    return { authorization, ...(this.token === '' ? {} : { 'consistency-token': this.token }) };
  }
}
