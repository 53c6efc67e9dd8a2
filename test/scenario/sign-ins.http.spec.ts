import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projects } from '#libs/domain/schemes/projects.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { readingOwnWrites } from '../support/own-reads.js';

let api: TestApi;
const own = readingOwnWrites(() => api);
const tokens = new Map<string, Promise<string>>();

beforeAll(async () => {
  api = await startTestApi({
    environment: { REALMS: 'atelier=studio,gate=gateway,lab=projects', READ_WAIT_MS: '20000' },
  });
  const must = async (...sent: Parameters<typeof send>) => expect((await send(...sent)).status).toBe(200);
  // What only has to be asked for: in a scheme with sessions in one organization.
  const document = { ...projects, version: 2, signIns: 'audited' };
  await must('lab', 'root', 'realm/commands/DefineRoleScheme', { document });
  await must('lab', 'root', 'realm/commands/AdoptRoleScheme', { schemeId: 'projects', version: 2 });
  for (const [realm, creator] of [
    ['atelier', 'mia'],
    ['gate', 'root'],
    ['lab', 'mia'],
  ] as const)
    await must(realm, creator, 'realm/commands/CreateOrg', { orgId: realm, name: realm, ownerId: `mia@${realm}` });
  for (const realm of ['atelier', 'gate'])
    await must(realm, 'mia', `orgs/${realm}/commands/AddMember`, { userId: `nora@${realm}`, role: 'org.member' });
}, 60_000);
afterAll(() => api?.stop());

async function send(realm: string, sub: string, path: string, body?: object) {
  const claims = sub === 'root' ? { email: 'admin@localhost' } : {};
  const bearer = tokens.get(`${realm}/${sub}`) ?? api.bearer(sub, { realm, ...claims });
  tokens.set(`${realm}/${sub}`, bearer);
  return own.send(await bearer, `/v1/${path}`, body);
}

/** Who signed in, oldest first, as the log has it. */
async function signIns(realm: string): Promise<readonly (string | undefined)[]> {
  const actors: (string | undefined)[] = [];
  for await (const page of api.services.store.read(`activity-${realm}`, 0n))
    for (const { type, metadata } of page) if (type === 'SignedIn') actors.push(metadata.actor);
  return actors;
}

const list = (sub: string, realm = 'atelier') => send(realm, sub, `orgs/${realm}/environments`);

describe("people's sign-ins (V23)", () => {
  it('stand in the audit log of their organization, once for each credential', async () => {
    await Promise.all([list('nora'), list('nora'), list('nora')]);
    await list('nora');
    expect(await signIns('atelier')).toEqual(['mia@atelier', 'nora@atelier']);
    tokens.set('atelier/nora', api.bearer('nora', { realm: 'atelier', name: 'Nora' }));
    await list('nora');
    expect(await signIns('atelier')).toEqual(['mia@atelier', 'nora@atelier', 'nora@atelier']);
    const { body } = await send('atelier', 'mia', 'orgs/atelier/audit?action=SignIn&actor=nora@atelier');
    expect(body.entries[0]).toMatchObject({
      event: 'SignedIn',
      actor: 'nora@atelier',
      role: 'org.member',
      outcome: 'allowed',
      address: '127.0.0.1',
    });
  });

  it('are of the credential that enters a session, not of the session, which is short and opened anew', async () => {
    const { body } = await send('lab', 'mia', 'session', { org: 'lab' });
    tokens.set('lab/mia in session', Promise.resolve(`Bearer ${body.access_token}`));
    expect((await list('mia in session', 'lab')).status).toBe(200);
    expect(await signIns('lab')).toEqual(['mia@lab']);
  });

  it('leave nothing of strangers, of what tries a command only, and where the scheme does not have them audited', async () => {
    expect((await list('eve')).status).toBe(404);
    await list('nora', 'gate');
    expect(await signIns('atelier')).toHaveLength(3);
    expect(await signIns('gate')).toEqual([]);
  });
});
