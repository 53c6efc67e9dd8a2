import { createHash } from 'node:crypto';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventStoreUnavailable, positionText } from '#libs/application/ports/event-store.js';
import { originOf } from '#libs/application/ledger/leaf.js';
import { openCheckpoint } from '#libs/ledger/checkpoint.js';
import { decodeKey } from '#libs/ledger/signed-note.js';
import { orgEvents } from '#libs/domain/org/events.js';
import { usageEvents } from '#libs/domain/usage/usage.js';
import { consistencyToken } from '../../apps/api/requests/consistency-token.js';
import { csvCell } from '../../apps/api/queries/audit-csv.js';
import { activityOf, subjectOf } from '../../apps/api/queries/audit-ocsf-classes.js';
import { startTestApi, type TestApi } from '../support/api.js';

let api: TestApi;
const AUDIT = '/v1/orgs/acme/audit';

beforeAll(async () => {
  api = await startTestApi({ environment: { REALMS: 'default=gateway', READ_WAIT_MS: '20000' } });
  const admin = { 'x-request-id': '=HYPERLINK("http://evil","x")' };
  await command('operator', 'realm', 'CreateOrg', { orgId: 'acme', name: '=1+1, "quoted"', ownerId: 'ann' }, admin);
  await command('operator', 'realm', 'CreateOrg', { orgId: 'other', name: 'Other', ownerId: 'otto' });
  await command('ann', 'orgs/acme', 'CreateEnvironment', { environmentId: 'prod', name: 'Prod\u2028line' });
  await command('ann', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.member' });
  await command('ann', 'orgs/acme', 'AddMember', { userId: 'cat', role: 'org.member' });
  await command('bob', 'orgs/acme', 'RemoveMember', { userId: 'cat' }, {}, 403);
  await command('ann', 'orgs/acme', 'RemoveMember', { userId: 'cat' });
}, 60_000);
afterAll(() => api?.stop());

async function command(
  sub: string,
  target: string,
  name: string,
  body: object,
  headers: Record<string, string> = {},
  status = 200,
): Promise<void> {
  const path = `/v1/${target}/commands/${name}`;
  const answer = await api.http.send({ path, body, headers: { ...(await as(sub)), ...headers } });
  expect([name, answer.status]).toEqual([name, status]);
}

const as = async (sub: string): Promise<Record<string, string>> => ({
  authorization: await api.bearer(sub, sub === 'operator' ? { email: 'admin@localhost' } : {}),
});

async function open(sub: string, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const head = await api.services.store.head();
  const token = head && { 'consistency-token': consistencyToken(api.services.storeId, positionText(head)) };
  const request = httpGet({
    host: '127.0.0.1',
    port: api.port,
    path,
    agent: false,
    headers: { ...(await as(sub)), ...token, ...headers },
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

async function download(sub: string, path: string, headers: Record<string, string> = {}) {
  const response = await open(sub, path, headers);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  return { status: response.statusCode, headers: response.headers, trailers: response.trailers, content };
}

const sha256 = (content: Buffer | string, encoding: 'hex' | 'base64' = 'hex') =>
  createHash('sha256').update(content).digest(encoding);
const lines = (content: Buffer) => content.toString('utf8').split('\n').slice(0, -1);
const ndjson = { accept: 'application/x-ndjson' };

interface Entry {
  readonly event: string;
  readonly position: string;
  readonly data: Record<string, unknown>;
  readonly [name: string]: unknown;
}

async function page(query = ''): Promise<Entry[]> {
  const { content } = await download('ann', `${AUDIT}?limit=200${query}`);
  return (JSON.parse(content.toString('utf8')) as { entries: Entry[] }).entries;
}

describe('an export of the audit log', () => {
  it('as NDJSON is every entry, oldest first, and ends with its manifest', async () => {
    const { status, headers, trailers, content } = await download('ann', AUDIT, ndjson);
    expect([status, headers['content-type'], headers.vary]).toEqual([200, 'application/x-ndjson', 'accept']);
    const all = lines(content);
    const { manifest } = JSON.parse(all.pop() ?? '');
    const entries = all.map((line) => JSON.parse(line) as Entry);
    expect(manifest).toEqual({
      exportId: headers['audit-export-id'],
      orgId: 'acme',
      format: 'ndjson',
      filter: {},
      count: entries.length,
      from: entries[0]?.occurredAt,
      to: entries.at(-1)?.occurredAt,
      before: expect.stringMatching(/^\d+\/\d+$/),
      upTo: { org: '4', activity: expect.stringMatching(/^\d+$/), usage: '-1' },
      checkpoint: expect.any(String),
      sha256: sha256(content.subarray(0, content.lastIndexOf('{"manifest"'))),
      actor: 'ann',
      at: expect.any(String),
    });
    const signer = decodeKey(api.services.ledger.key);
    const { size } = openCheckpoint(manifest.checkpoint as string, originOf(signer.name, 'org-acme', 0), signer);
    expect(size).toBeGreaterThan(4n);
    expect(trailers['content-digest']).toBe(`sha-256=:${sha256(content, 'base64')}:`);
    const later = await page();
    const known = later.filter(
      ({ position }) => BigInt(position.split('/')[0] ?? '') < BigInt(manifest.before.split('/')[0]),
    );
    expect(entries).toEqual([...known].reverse());
    expect(entries.map(({ event }) => event)).toEqual(expect.arrayContaining(['OrgCreated', 'CommandRefused']));
  });

  it('stands in the audit log itself, with its manifest', async () => {
    const { headers, content } = await download('ann', `${AUDIT}?actor=ann&format=ndjson`);
    const id = String(headers['audit-export-id']);
    const { manifest } = JSON.parse(lines(content).at(-1) ?? '');
    const found = await page(`&target=${id}`);
    expect(found.map(({ event, action, actor, commandId }) => [event, action, actor, commandId])).toEqual([
      ['AuditExported', 'ExportAudit', 'ann', id],
      ['AuditExportStarted', 'ExportAudit', 'ann', id],
    ]);
    const { count, sha256: digest, upTo } = manifest;
    expect(found[0]?.data).toEqual({
      exportId: id,
      format: 'ndjson',
      filter: { actor: 'ann' },
      count,
      sha256: digest,
      upTo,
    });
    expect(manifest.before).toBe(found[1]?.position);
  });

  it('takes the filters of pages', async () => {
    const { content } = await download('ann', `${AUDIT}?outcome=denied&format=ndjson`);
    const entries = lines(content).slice(0, -1);
    expect(entries.map((line) => (JSON.parse(line) as Entry).event)).toEqual(['CommandRefused']);
  });

  it('as CSV is what RFC 4180 says, and nothing in it is a formula', async () => {
    const { headers, trailers, content } = await download('ann', AUDIT, { accept: 'text/csv' });
    expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(headers['content-disposition']).toBe('attachment; filename="audit-acme.csv"');
    expect(trailers['content-digest']).toBe(`sha-256=:${sha256(content, 'base64')}:`);
    const [names = [], ...rows] = parseCsv(content.toString('utf8'));
    const records = rows.map((row) => Object.fromEntries(row.map((cell, i) => [names[i] ?? '', cell])));
    const [created] = records;
    expect(created).toMatchObject({
      event: 'OrgCreated',
      correlation: `'=HYPERLINK("http://evil","x")`,
      targets: 'ann',
    });
    expect(JSON.parse(created?.data ?? '')).toMatchObject({ name: '=1+1, "quoted"' });
    for (const row of rows) {
      expect(row).toHaveLength(names.length);
      for (const cell of row) expect(cell).not.toMatch(/^\s*[=+\-@\t\r]/);
    }
    const [exported] = await page(`&target=${headers['audit-export-id']}`);
    expect(exported?.data).toMatchObject({ count: rows.length, sha256: sha256(content) });
  });

  it.each(['=1', '+1', '-1', '@x', '\t=1', ' =1', '\r1', '-'])('shows %j in a cell as text', (value) => {
    expect(parseCsv(`${csvCell(value)}\r\n`)).toEqual([[`'${value}`]]);
  });

  it.each(['a', 'a=1', '', 'a"b', 'a,b', 'a\nb', '{"a":1}'])('leaves %j in a cell as it is', (value) => {
    expect(parseCsv(`${csvCell(value)}\r\n`)).toEqual([[value]]);
  });

  it.each([
    ['ocsf', '1.9.0', 3007],
    ['ocsf-1.8', '1.8.0', 3001],
  ])('as %s is an event a line, the export last', async (format, version, ofMember) => {
    const { headers, content } = await download('ann', `${AUDIT}?format=${format}`);
    const events = lines(content).map((line) => JSON.parse(line));
    for (const event of events) {
      expect(event).toMatchObject({
        activity_id: expect.any(Number),
        category_uid: Math.floor(event.class_uid / 1000),
        type_uid: event.class_uid * 100 + event.activity_id,
        severity_id: 1,
        time: expect.any(Number),
        metadata: { version, product: { name: 'tenantry' }, tenant_uid: 'acme' },
        actor: { user: { uid: expect.any(String) } },
      });
      const required = requiredOf[String(event.class_uid)] ?? ['an unknown class'];
      for (const name of required) expect(event).toHaveProperty(name);
    }
    const of = (code: string) => events.find(({ metadata }) => metadata.event_code === code);
    expect(of('MemberAdded')).toMatchObject({ class_uid: ofMember, activity_id: 1, user: { uid: 'bob' } });
    expect(of('OrgCreated')).toMatchObject({ class_uid: 3004, activity_id: 1, entity: { uid: 'acme' } });
    expect(of('EnvironmentCreated')).toMatchObject({ class_uid: 3004, entity: { uid: 'prod', type: 'environment' } });
    expect(of('CommandRefused')).toMatchObject({
      class_uid: 6003,
      status_id: 2,
      status_detail: 'role_lacks_permission',
      api: { operation: 'RemoveMember' },
      actor: { user: { uid: 'bob' }, authorizations: [{ decision: 'denied', policy: { name: 'member:manage' } }] },
    });
    expect(events.at(-1)).toMatchObject({
      class_uid: 6003,
      metadata: { uid: headers['audit-export-id'] },
      unmapped: { manifest: { count: events.length - 1 } },
    });
  });

  it.each([...Object.keys(orgEvents), ...Object.keys(usageEvents)])(
    '%s has an OCSF class of its kind in both versions',
    (event) => {
      const entry = { event, outcome: 'allowed', data: {} } as Shown;
      for (const version of ['1.8', '1.9'] as const) {
        const { classUid, activityId } = activityOf(entry, version);
        expect(Object.keys(requiredOf)).toContain(String(classUid));
        expect(activityId).toBeGreaterThan(0);
      }
    },
  );

  const aRole = { role: 'org.auditor' };
  const [account, bobs] = [
    { accountId: 'ci', keyId: 'first' },
    { userId: 'bob', keyId: 'laptop' },
  ];
  it.each([
    ['RoleAssigned', { userId: 'bob', ...aRole }, '3007/16', '3005/3', { user: { uid: 'bob' } }],
    ['RoleAssignmentRevoked', { userId: 'bob', ...aRole }, '3007/17', '3005/4', { user: { uid: 'bob' } }],
    ['ApiKeyCreated', bobs, '3007/18', '3004/1', { user: { uid: 'bob' } }],
    ['ServiceAccountKeyIssued', account, '3007/18', '3004/1', { user: { uid: 'service:acme/ci' } }],
    ['ServiceAccountKeyRevoked', account, '3007/19', '3004/4', { user: { uid: 'service:acme/ci' } }],
    ['OrgSchemeChanged', { scheme: { id: 'teams', version: 2 } }, '3008/2', '3004/3', { iam_role: { uid: 'teams@2' } }],
  ])('%s is told of whom it is about', (event, data, now, before, about) => {
    const entry = { event, outcome: 'allowed', data, targets: [], environment: null } as unknown as Shown;
    const nameOf = ({ classUid, activityId }: ReturnType<typeof activityOf>) => `${classUid}/${activityId}`;
    expect([nameOf(activityOf(entry, '1.9')), nameOf(activityOf(entry, '1.8'))]).toEqual([now, before]);
    expect(subjectOf(entry, activityOf(entry, '1.9').classUid, 'acme')).toMatchObject(about);
  });

  it('is given in pages as fast as it is taken, and holds nothing that came after it began', async () => {
    const many = Array.from({ length: 1200 }, (_, i) => ({
      id: crypto.randomUUID(),
      type: 'AuditRead',
      data: { filter: { actor: `${i}-${'x'.repeat(150)}` } },
      metadata: {
        realm: 'default',
        org: 'other',
        actor: 'otto',
        command: 'ReadAudit',
        commandId: crypto.randomUUID(),
        payloadDigest: '',
        keyed: 'false',
        occurredAt: new Date().toISOString(),
        correlation: 'x',
        part: '1/1',
      },
    }));
    for (let from = 0; from < many.length; from += 300)
      await api.services.store.append('activity-other', 'any', many.slice(from, from + 300));
    const response = await open('otto', '/v1/orgs/other/audit?format=ndjson');
    expect(response.statusCode).toBe(200);
    response.pause();
    await command('otto', 'orgs/other', 'CreateEnvironment', { environmentId: 'late', name: 'Late' });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const all = lines(Buffer.concat(chunks));
    const { manifest } = JSON.parse(all.pop() ?? '');
    expect([manifest.count, all.length]).toEqual([1201, 1201]);
    expect(all.join()).not.toContain('late');
    expect(new Set(all.map((line) => (JSON.parse(line) as Entry).eventId)).size).toBe(1201);
  }, 60_000);

  it('that cannot be finished is cut off, and does not look whole', async () => {
    const { recordedReads } = api.services;
    const exported = recordedReads.exported.bind(recordedReads);
    recordedReads.exported = () => Promise.reject(new EventStoreUnavailable('down'));
    try {
      await expect(download('ann', AUDIT, ndjson)).rejects.toThrow('aborted');
    } finally {
      recordedReads.exported = exported;
    }
  });

  it('takes the right to export; who has not leaves that', async () => {
    const denied = await download('bob', AUDIT, ndjson);
    expect(JSON.parse(denied.content.toString('utf8'))).toMatchObject({ status: 403, permission: 'audit:export' });
    const [hidden, missing] = [
      await download('otto', AUDIT, { ...ndjson, 'x-request-id': 'one' }),
      await download('otto', '/v1/orgs/missing/audit', { ...ndjson, 'x-request-id': 'one' }),
    ];
    expect(hidden.status).toBe(404);
    expect(hidden.content).toEqual(missing.content);
    const refused = (await page('&outcome=denied')).filter(({ event }) => event === 'ReadRefused');
    expect(refused).toMatchObject([{ action: 'AuditExport', actor: 'bob', permission: 'audit:export' }]);
  });

  it.each(['?format=xml', '?format=csv&cursor=x', '?format=csv&outcome=a&outcome=b'])(
    '%s is refused',
    async (query) => {
      expect((await download('ann', `${AUDIT}${query}`)).status).toBe(400);
    },
  );

  it('is asked for by name: who accepts anything gets a page', async () => {
    for (const accept of ['*/*', 'application/json, text/csv', 'text/html,*/*;q=0.8'])
      expect((await download('ann', AUDIT, { accept })).headers['content-type']).toContain('application/json');
  });
});

type Shown = Parameters<typeof activityOf>[0];

/** From the OCSF schema: what each class requires beside the attributes of every event. */
const requiredOf: Readonly<Record<string, readonly string[]>> = {
  3001: ['user'],
  3004: ['entity'],
  3005: ['user'],
  3006: ['group'],
  3007: ['user'],
  3008: ['iam_role'],
  6003: ['actor', 'api', 'src_endpoint'],
};

/** RFC 4180, every cell quoted. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const cell = /"((?:[^"]|"")*)"(,|\r\n)/y;
  for (let row: string[] = []; cell.lastIndex < text.length; ) {
    const [, value = '', end] = cell.exec(text) ?? [];
    if (end === undefined) throw new Error('this is no CSV');
    row.push(value.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
