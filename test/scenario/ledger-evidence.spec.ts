import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isRejection, openEvidence, packEvidence } from '#libs/application/ledger/evidence/archive.js';
import { checkEvidence, type Evidence } from '#libs/application/ledger/evidence/check.js';
import { gatherEvidence } from '#libs/application/ledger/evidence/gather.js';
import { EvidenceRejected } from '#libs/application/ledger/evidence/rejected.js';
import { openCheckpoint, signCheckpoint } from '#libs/ledger/checkpoint.js';
import { TreeEdge } from '#libs/ledger/edge.js';
import { leafHash } from '#libs/ledger/hashes.js';
import { decodeKey, encodeKey, type NoteKey } from '#libs/ledger/signed-note.js';
import { main } from '../../apps/cli/main.js';
import { startTestApi, type TestApi } from '../support/api.js';

let api: TestApi;
let key: NoteKey;
let signer: Parameters<typeof packEvidence>[2];
let folder: string;
const bearers: Record<string, string> = {};
/** Instants between which something changed. */
const moments: string[] = [];
const org = '/v1/orgs/acme/commands';

async function done(who: string, path: string, body: unknown): Promise<void> {
  const answer = await api.http.send({ path, body, headers: { authorization: String(bearers[who]) } });
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  await api.services.readPosition.reached((await api.services.store.head()) ?? { commit: 0n, prepare: 0n }, 20_000);
  // Another millisecond than the event's own.
  await new Promise((resolve) => setTimeout(resolve, 3));
  moments.push(new Date().toISOString());
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-evidence-'));
  api = await startTestApi({ over: (services) => services });
  for (const [who, email] of [['root', 'admin@localhost'], ['alice'], ['bob']])
    bearers[String(who)] = await api.bearer(String(who), email === undefined ? {} : { email });
  const grant = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } };
  await done('root', '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'alice' });
  await done('alice', `${org}/CreateEnvironment`, { environmentId: 'production', name: 'Production' });
  await done('alice', `${org}/AddMember`, { userId: 'bob', role: 'org.participant' });
  await done('alice', `${org}/GrantEnvironmentAccess`, grant);
  await done('alice', `${org}/RevokeEnvironmentAccess`, grant);
  key = decodeKey((await api.http.send({ path: '/v1/ledger/key' })).text.trim());
  signer = Reflect.get(api.services.ledger, 'signer') as typeof signer;
}, 60_000);
afterAll(async () => {
  await api?.stop();
  await rm(folder, { recursive: true, force: true });
});

const gather = (subject: string, action: string, resource: string, at = moments.at(-1) ?? '') =>
  gatherEvidence(api.services.store, api.services.ledger, { subject, action, resource, at });

const use = (at: string | undefined) => gather('bob', 'environment:use', 'acme/production', at);

/** What the bundle says once the operator, who holds the key, has changed it and signed it again. */
const resigned = (evidence: Evidence) => openEvidence(packEvidence(evidence, new Map(), signer), key);

describe('evidence', () => {
  it('gives at every instant the answer that an evaluation gives, and is verified', async () => {
    const authorization = String(bearers.alice);
    const seen = new Set<boolean>();
    for (const at of moments)
      for (const [subject, action, resource] of [
        ['bob', 'environment:use', 'acme/production'],
        ['alice', 'environment:use', 'acme/production'],
        ['bob', 'audit:read', 'acme'],
        ['root', 'org:list', 'acme'],
        ['nobody', 'org:view', 'acme'],
        ['bob', 'environment:use', 'acme/missing'],
      ] as const) {
        const type = resource === 'acme' ? 'org' : 'environment';
        const body = {
          subject: { type: 'user', id: subject },
          action: { name: action },
          resource: { type, id: resource },
          context: { at },
        };
        const asked = await api.http.send({
          path: '/access/v1/evaluation?explain=true',
          body,
          headers: { authorization },
        });
        const { decision, context } = JSON.parse(asked.text);
        const checked = resigned(await gather(subject, action, resource, at));
        if (context.revision === undefined) continue;
        expect({ subject, action, resource, at, ...checked.answer }).toMatchObject({
          decision,
          reason: context.reason,
          evidence: context.evidence,
          revision: context.revision,
        });
        seen.add(decision);
      }
    expect(seen).toEqual(new Set([false, true]));
  });

  it('is refused whatever byte of it was changed', async () => {
    const archive = packEvidence(await use(moments[3]), new Map([['note.txt', Buffer.from('read me')]]), signer);
    expect(openEvidence(archive, key).answer).toMatchObject({ decision: true, role: 'environment.user' });
    const accepted: number[] = [];
    for (let at = 0; at < archive.length; at++) {
      const copy = Buffer.from(archive);
      copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
      try {
        openEvidence(copy, key);
        accepted.push(at);
      } catch (error) {
        if (!isRejection(error)) throw error;
      }
    }
    expect(accepted).toEqual([]);
    for (const cut of [0, 1, 512, archive.length - 1, archive.length - 512])
      expect(() => openEvidence(archive.subarray(0, cut), key)).toThrow(EvidenceRejected);
    expect(() => openEvidence(Buffer.concat([archive, Buffer.alloc(512)]), key)).toThrow(EvidenceRejected);
  }, 60_000);

  it('is refused under any key but the one that was pinned, also of the same name', async () => {
    const archive = packEvidence(await use(moments[3]), new Map(), signer);
    for (const name of [key.name, 'other'])
      expect(() => openEvidence(archive, { name, ...generateKeyPairSync('ed25519') })).toThrow();
  });

  it('is refused where an event was left out, changed, moved or put in, though the operator has signed it again', async () => {
    const evidence = await use(moments[4]);
    expect(resigned(evidence).answer).toMatchObject({ decision: false, reason: 'role_lacks_permission' });
    for (const tree of ['org', 'realm'] as const) {
      const { leaves } = evidence[tree];
      const with_ = (changed: readonly string[]) => ({ ...evidence, [tree]: { ...evidence[tree], leaves: changed } });
      const renumbered = (texts: readonly string[]) =>
        texts.map((text, i) => text.replace(/"revision":"\d+"/, `"revision":"${i}"`));
      for (let i = 0; i < leaves.length; i++) {
        const forged = String(leaves[i]).replace('"data":{', '"data":{"0":"x",');
        const forgeries = [
          leaves.toSpliced(i, 1),
          renumbered(leaves.toSpliced(i, 1)),
          leaves.with(i, forged.replace('{"0":"x",}', '{"0":"x"}')),
          leaves.with(i, ` ${leaves[i]}`),
          renumbered(leaves.toSpliced(i, 0, String(leaves[i]))),
          ...(i > 0 ? [renumbered(leaves.with(i, String(leaves[i - 1])).with(i - 1, String(leaves[i])))] : []),
        ];
        for (const each of forgeries) expect(() => resigned(with_(each))).toThrow(EvidenceRejected);
      }
    }
  });

  it('is refused with another answer, another question, or the checkpoint of another tree', async () => {
    const evidence = await use(moments[4]);
    const { question, answer, org: own, realm } = evidence;
    for (const forged of [
      { ...evidence, answer: { ...answer, decision: true } },
      { ...evidence, answer: { ...answer, reason: 'not_member' } },
      { ...evidence, question: { ...question, at: String(moments[3]) } },
      { ...evidence, question: { ...question, subject: 'alice' } },
      { ...evidence, question: { ...question, resource: 'other/production' } },
      { ...evidence, org: { ...own, checkpoint: realm.checkpoint } },
      { ...evidence, org: realm },
      { ...evidence, realm: own },
    ])
      expect(() => resigned(forged)).toThrow();
  });

  it('is refused where the operator signs a tree of forged texts, or another size', async () => {
    const evidence = await use(moments[4]);
    const { leaves, checkpoint } = evidence.org;
    const origin = `${key.name}/org/acme`;
    const signedOver = (texts: readonly string[], more = 0n) => {
      const edge = TreeEdge.empty();
      for (const text of texts) edge.append(leafHash(Buffer.from(text)));
      const forged = signCheckpoint({ origin, size: edge.size + more, root: edge.root() }, signer);
      return { ...evidence, org: { ...evidence.org, leaves: texts, checkpoint: forged } };
    };
    expect(resigned(signedOver(leaves)).answer).toEqual(evidence.answer);
    expect(openCheckpoint(checkpoint, origin, key).size).toBe(BigInt(leaves.length));
    const [first = '', ...rest] = leaves;
    // The same member twice: one reader takes the first, another the last.
    const twice = first.replace('{"data":', '{"data":{},"data":');
    for (const forged of [signedOver([`${first} `, ...rest]), signedOver([twice, ...rest]), signedOver(leaves, 1n)])
      expect(() => resigned(forged)).toThrow(EvidenceRejected);
  });

  it('is exact at the instant of an event', async () => {
    const { org } = await use(moments[3]);
    const grant = JSON.parse(String(org.leaves.find((leaf) => leaf.includes('"EnvironmentAccessGranted"'))));
    const at = Date.parse(grant.metadata.occurredAt);
    const answers = [at - 1, at].map(async (instant) => (await use(new Date(instant).toISOString())).answer.decision);
    expect(await Promise.all(answers)).toEqual([false, true]);
  });

  it('says where it rests on what nobody can prove: what a person was vouched for by a token', async () => {
    const admin = await gather('root', 'org:suspend', 'acme');
    expect(admin.answer.decision).toBe(true);
    expect(checkEvidence(admin, key).restsOnPerson).toBe(true);
    expect(checkEvidence(await use(moments[3]), key).restsOnPerson).toBe(false);
  });

  it('is checked by a command that needs nothing but the file and the key', async () => {
    const file = join(folder, 'evidence.tar');
    await writeFile(file, packEvidence(await use(moments[3]), new Map(), signer));
    const run = async (...argv: string[]) => {
      let out = '';
      const io = { environment: {}, out: (text: string) => void (out += text), err: () => {} };
      return { code: await main(['verify', 'bundle', ...argv], io), out };
    };
    const good = await run(file, '--key', encodeKey(key));
    expect([good.code, good.out]).toEqual([0, expect.stringContaining('Could bob environment:use acme/production')]);
    expect(good.out).toContain('yes, as environment.user');
    const bytes = await readFile(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(file, bytes);
    expect(await run(file, '--key', encodeKey(key))).toEqual({ code: 1, out: expect.stringContaining('NOT VERIFIED') });
    for (const argv of [[file], [file, '--key', 'x'], [join(folder, 'none'), '--key', encodeKey(key)]])
      expect((await run(...argv)).code).toBe(2);
  });
});
