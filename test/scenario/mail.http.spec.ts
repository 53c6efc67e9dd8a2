import { setTimeout as sleep } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Folds } from '#libs/application/folds.js';
import { InvitationMail } from '#libs/application/reactions/mail.js';
import type { Due, Reacted } from '#libs/application/reactions/reaction.js';
import { loadConfig } from '#libs/platform/config.js';
import { createLogger } from '#libs/platform/logging.js';
import { SmtpMailer } from '#libs/platform/mail/smtp-mailer.js';
import { ReactionRunner } from '#libs/readstore/reactions/reaction-runner.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { MailServer } from '../support/mail-server.js';
import { TestClock } from '../support/world.js';

const REALMS = 'team=teams';
const PLATFORM_ADMIN_EMAILS = 'root@acme.test,paul@acme.test';
const DAY = 86_400_000;

/** An organization of teams whose members' addresses are at acme.test, and all that its server logs. */
class Office {
  readonly logged: string[] = [];
  readonly clock = new TestClock();
  private token = '';

  private constructor(public api: TestApi) {}

  static async open(environment: Readonly<Record<string, string>>): Promise<Office> {
    const logged: string[] = [];
    const sink = new Writable({
      write(line, _, done) {
        logged.push(String(line));
        done();
      },
    });
    const clock = new TestClock();
    const logger = createLogger('trace', sink);
    const api = await startTestApi({ clock, logger, environment: { REALMS, PLATFORM_ADMIN_EMAILS, ...environment } });
    const office = Object.assign(new Office(api), { logged, clock });
    await office.command('olga', 'CreateOrg', { orgId: 'acme', name: 'Acme & Söhne', ownerId: 'olga@team' });
    return office;
  }

  async command(sub: string, name: string, body: unknown, status = 200): Promise<string> {
    const target = /^CreateOrg|PlatformRole|^EraseUser/.test(name) ? 'realm' : 'orgs/acme';
    const answer = await this.send(sub, `${target}/commands/${name}`, body);
    expect([name, answer.status, answer.text]).toEqual([name, status, expect.anything()]);
    return (JSON.parse(answer.text) as { events?: { id: string }[] }).events?.[0]?.id ?? '';
  }

  /** Answers the id of the event. */
  invite(...who: readonly string[]): Promise<string> {
    return this.command('olga', 'InviteMembers', { emails: who.map(addressOf), role: 'org.viewer' });
  }

  async invitationsOf(sub: string) {
    const { text } = await this.send(sub, 'me/invitations');
    return (JSON.parse(text) as { invitations: { id: string; organization: { id: string } }[] }).invitations;
  }

  async invitationOf(sub: string): Promise<string> {
    return (await this.invitationsOf(sub))[0]?.id ?? `nobody invited ${sub}`;
  }

  async send(sub: string, path: string, body?: unknown) {
    const authorization = await this.api.bearer(sub, { realm: 'team', email: addressOf(sub) });
    const headers = { authorization, ...(this.token === '' ? {} : { 'consistency-token': this.token }) };
    const answer = await this.api.http.send({ path: `/v1/${path}`, headers, ...(body === undefined ? {} : { body }) });
    const { 'consistency-token': seen } = answer.headers;
    if (answer.status === 200 && typeof seen === 'string') this.token = seen;
    return answer;
  }

  async metric(name: string): Promise<number> {
    const { text } = await this.api.http.send({ path: '/metrics' });
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  mails = (outcome: string) => this.metric(`tenantry_mails_total{outcome="${outcome}"}`);
  failed = () => this.metric('tenantry_reactions_total{reaction="mail",outcome="failed"}');
}

const addressOf = (who: string) => `${who}@acme.test`;

/** Looks now and then. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}

describe('the mail of an invitation (C9)', () => {
  let server: MailServer;
  let office: Office;
  beforeAll(async () => {
    server = await new MailServer().open();
    office = await Office.open({ ...server.environment, PUBLIC_URL: 'https://tenantry.test/' });
  }, 60_000);
  afterAll(async () => {
    await office?.api.stop();
    await server?.close();
  });

  const idsTo = (who: string) => server.to(addressOf(who)).map(({ headers }) => headers['message-id']?.join());
  const has = (who: string, count: number) => until(() => server.to(addressOf(who)).length >= count);

  it('goes to each invited address alone, as plain text with the link', async () => {
    const event = await office.invite('ann', 'bob');
    await has('ann', 1);
    await has('bob', 1);
    expect(new Set(server.mails.map(({ to }) => to.join()))).toEqual(new Set(['ann', 'bob'].map(addressOf)));
    const [mail] = server.to(addressOf('ann'));
    expect(mail?.headers).toMatchObject({
      from: ['no-reply@tenantry.test'],
      to: [addressOf('ann')],
      'message-id': [`<${event}@tenantry.test>`],
      'content-type': [expect.stringMatching(/^text\/plain\b/)],
      'auto-submitted': ['auto-generated'],
    });
    for (const part of ['"Acme & Söhne" (acme)', 'org.viewer', 'https://tenantry.test/v1/me/invitations\n'])
      expect(mail?.body).toContain(part);
    expect(mail?.body).toContain(await office.invitationOf('ann'));
    expect(await office.mails('sent')).toBe(2);
  }, 60_000);

  it('is another one when the invitation is sent again (C12)', async () => {
    office.clock.advance(1000);
    const event = await office.command('olga', 'ResendInvitation', { invitationId: await office.invitationOf('ann') });
    await has('ann', 2);
    expect(idsTo('ann')[1]).toBe(`<${event}@tenantry.test>`);
    expect(new Set(idsTo('ann')).size).toBe(2);
    expect(idsTo('bob')).toHaveLength(1);
  }, 60_000);

  it('comes again as the same one, when the answer of the server was lost', async () => {
    server.losesAnswers = 1;
    const event = await office.invite('carl');
    await has('carl', 2);
    expect(idsTo('carl')).toEqual([`<${event}@tenantry.test>`, `<${event}@tenantry.test>`]);
  }, 60_000);

  it('comes again as the same one, when who sent it died before it was written down', async () => {
    const { store, reads: db, personalData, clock } = office.api.services;
    const { mail } = loadConfig(server.environment);
    if (mail === undefined) throw new Error('there is a server');
    /** Another process, with a cursor of its own: it finds every invitation that still waits. */
    class Again extends InvitationMail {
      override readonly name = 'mail-again';
    }
    let sent = 0;
    class Dying extends Again {
      override async react(due: Due, signal: AbortSignal): Promise<Reacted> {
        await super.react(due, signal);
        sent += 1;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('died'))));
      }
    }
    const parts = {
      store,
      folds: new Folds(store),
      personalData,
      mailer: new SmtpMailer(mail),
      clock,
      publicUrl: '',
      told: () => {},
    };
    const before = [idsTo('ann').length, idsTo('bob').length];
    // What it claimed is free again after twice the time-out.
    const first = new ReactionRunner({ store, db, reaction: new Dying(parts), everyMs: 10, timeoutMs: 3000 });
    first.start();
    await until(() => sent === 3);
    await first.stop();
    const second = new ReactionRunner({ store, db, reaction: new Again(parts), everyMs: 10 });
    second.start();
    await until(() => idsTo('ann').length === (before[0] ?? 0) + 2 && idsTo('bob').length === (before[1] ?? 0) + 2);
    await second.stop();
    expect(new Set(idsTo('ann')).size).toBe(2);
    expect(new Set(idsTo('bob')).size).toBe(1);
  }, 60_000);

  it('is not tried again where the server refuses for good, and is where it refuses for now', async () => {
    server.refuses.set(addressOf('gone'), 550).set(addressOf('full'), 452);
    await office.invite('gone', 'full');
    await until(async () => (await office.mails('refused')) === 1);
    await until(() => server.refused.filter((address) => address === addressOf('full')).length > 1);
    server.refuses.clear();
    await has('full', 1);
    expect(server.to(addressOf('gone'))).toEqual([]);
    expect(server.refused.filter((address) => address === addressOf('gone'))).toHaveLength(1);
    expect(office.logged.filter((line) => line.includes('refused for good'))).toEqual([
      expect.stringMatching(/"orgId":"acme".*"code":"550"/),
    ]);
  }, 60_000);

  it('is sent once the server is back; to nobody who was canceled, erased or had no more time by then', async () => {
    const failed = await office.failed();
    const [sent, nobody] = [await office.mails('sent'), await office.mails('nobody')];
    await server.close();
    await office.invite('late');
    office.clock.advance(8 * DAY);
    await office.invite('canceled', 'erased', 'dora');
    await until(async () => (await office.failed()) > failed + 3);
    await office.command('olga', 'CancelInvitation', { invitationId: await office.invitationOf('canceled') });
    await erase('erased');
    await server.open();
    await has('dora', 1);
    await until(async () => (await office.metric('tenantry_reactions_waiting{reaction="mail"}')) === 0);
    for (const who of ['late', 'canceled', 'erased']) expect([who, server.to(addressOf(who))]).toEqual([who, []]);
    expect(await office.mails('sent')).toBe(sent + 1);
    expect(await office.mails('nobody')).toBe(nobody + 2);
  }, 60_000);

  it('calls an organization that somebody was given at sign-up after them, until it has a name (C1)', async () => {
    const seen = { realm: 'team', email: addressOf('jon'), name: 'Jonathan' };
    const send = async (path: string, body?: unknown) => {
      const headers = { authorization: await office.api.bearer('jon', seen) };
      const { status, text } = await office.api.http.send({ path: `/v1/${path}`, headers, ...(body ? { body } : {}) });
      expect([path, status]).toEqual([path, 200]);
      return JSON.parse(text);
    };
    const own: string = (await send('me')).organizations[0].id;
    const invite = (who: string) =>
      send(`orgs/${own}/commands/InviteMembers`, { emails: [addressOf(who)], role: 'org.viewer' });
    const mailed = async (who: string) => {
      await has(who, 1);
      const [mail] = server.to(addressOf(who));
      return [mail?.headers['subject'], mail?.body.split('\n')[0]];
    };
    const saying = (name: string) => [
      [`You are invited to ${name}`],
      expect.stringContaining(`the organization "${name}" (${own})`),
    ];
    await invite('ida');
    expect(await mailed('ida')).toEqual(saying("Jonathan's Organization"));
    await send(`orgs/${own}/commands/UpdateOrg`, { name: 'The firm' });
    await invite('ira');
    expect(await mailed('ira')).toEqual(saying('The firm'));
    expect(office.logged.join('')).not.toContain('Jonathan');
  }, 60_000);

  it('leaves no address in the log, whatever went wrong', () => {
    const all = office.logged.join('');
    expect(all).toContain('"reaction":"mail"');
    for (const secret of ['@acme.test', 'hunter2']) expect(all).not.toContain(secret);
  });

  async function erase(who: string): Promise<void> {
    await office.send(who, 'me');
    // Whoever is the last owner of an organization cannot be erased, and sign-up has given everybody one of their own.
    const { text } = await office.send(who, 'orgs');
    const { organizations } = JSON.parse(text) as { organizations: { id: string }[] };
    for (const { id } of organizations) await office.send(who, `orgs/${id}/commands/DeleteOrg`, {});
    const officer = { userId: 'petra@team', role: 'platform.privacy-officer' };
    await office.command('root', 'AssignPlatformRole', { ...officer, notAfter: '2100-01-01T00:00:00.000Z' });
    await office.command('paul', 'ConfirmPlatformRole', officer);
    await office.command('petra', 'EraseUser', { userId: `${who}@team` });
    await until(async () => /"status":"verified"/.test((await office.send('petra', 'realm/erasures')).text));
  }
});

describe('without an SMTP server (C9)', () => {
  it('it is told that a mail was written, and only the invited person finds the invitation', async () => {
    const office = await Office.open({});
    try {
      await office.invite('ann');
      await until(() => office.logged.some((line) => line.includes('a mail was written')));
      const [line] = office.logged.filter((each) => each.includes('a mail was written'));
      expect(line).toContain('"orgId":"acme"');
      expect(office.logged.join('')).not.toContain('@acme.test');
      expect(await office.mails('written')).toBe(1);
      expect(await office.invitationsOf('ann')).toEqual([expect.objectContaining({ organization: expect.anything() })]);
      expect(await office.invitationsOf('bob')).toEqual([]);
    } finally {
      await office.api.stop();
    }
  }, 60_000);
});

describe('an SMTP mailer', () => {
  it('lets no text become a header or another recipient', async () => {
    const server = await new MailServer().open();
    try {
      const { mail } = loadConfig(server.environment);
      if (mail === undefined) throw new Error('there is a server');
      const mailer = new SmtpMailer(mail);
      const subject = 'Hello\r\nBcc: eve@evil.test\nX-Evil: yes\u2028Reply-To: eve@evil.test';
      const signal = new AbortController().signal;
      await mailer.send(
        { messageId: 'one', to: 'ann@acme.test', subject, text: 'Hello.\r\n.\r\nMAIL FROM:<x@evil.test>\r\n' },
        signal,
      );
      expect(server.mails).toHaveLength(1);
      const [{ to: envelope, headers, body } = { to: [], headers: {}, body: '' }] = server.mails;
      expect(envelope).toEqual(['ann@acme.test']);
      expect(Object.keys(headers).sort()).toEqual([
        'auto-submitted',
        'content-transfer-encoding',
        'content-type',
        'date',
        'from',
        'message-id',
        'mime-version',
        'subject',
        'to',
      ]);
      expect(body).toContain('MAIL FROM:<x@evil.test>');
      for (const bad of [
        '<ann@acme.test',
        'ann>@acme.test',
        'x,ann@acme.test',
        'x:ann@acme.test',
        '"x"@acme.test',
        'ann\n@acme.test',
      ])
        expect(await mailer.send({ messageId: 'two', to: bad, subject: '', text: '' }, signal)).toEqual({
          accepted: false,
          code: 'address',
        });
      expect(server.mails).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});
