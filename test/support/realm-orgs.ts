import { expect } from '@jest/globals';
import { startTestApi, type TestApi } from './api.js';

const REALMS = 'default=enterprise,team=teams,atelier=studio,rules=projects,gate=gateway';

export interface OrgPeople {
  readonly owner: string;
  /** By the role that they are added with. */
  readonly others: Readonly<Record<string, string>>;
}

type Headers = Readonly<Record<string, string>>;

/** The organization `<realm>-org` in realms of the built-in schemes; `meter` is of each platform, and may tell what was used. */
export class RealmOrgs<Realm extends string> {
  private readonly tokens = new Map<Realm, string>();

  private constructor(readonly api: TestApi) {}

  static async start<R extends string>(people: Readonly<Record<R, OrgPeople>>): Promise<RealmOrgs<R>> {
    const orgs = new RealmOrgs<R>(await startTestApi({ environment: { REALMS, READ_WAIT_MS: '20000' } }));
    for (const [name, { owner, others }] of Object.entries<OrgPeople>(people)) {
      const realm = name as R;
      const creator = ['default', 'gate'].includes(realm) ? 'root' : owner;
      const created = { orgId: `${realm}-org`, name: realm, ownerId: orgs.idOf(realm, owner) };
      await orgs.done(realm, creator, 'CreateOrg', created, {}, 'realm');
      for (const [sub, role] of Object.entries(others)) {
        // Where an organization does not appoint its admins, the platform does.
        const adder = role === 'org.admin' && realm === 'gate' ? 'root' : owner;
        await orgs.done(realm, adder, 'AddMember', { userId: orgs.idOf(realm, sub), role });
      }
      const meter = { userId: orgs.idOf(realm, 'meter'), role: 'platform.meter' };
      await orgs.done(realm, 'root', 'AssignPlatformRole', meter, {}, 'realm');
    }
    return orgs;
  }

  idOf(realm: Realm, sub: string): string {
    return realm === 'default' ? sub : `${sub}@${realm}`;
  }

  async post(realm: Realm, sub: string, name: string, body: object, more: Headers = {}, target = `orgs/${realm}-org`) {
    const headers = { ...(await this.headersOf(realm, sub)), ...more };
    const answer = await this.api.http.send({ path: `/v1/${target}/commands/${name}`, headers, body });
    const { 'consistency-token': seen } = answer.headers;
    if (typeof seen === 'string') this.tokens.set(realm, seen);
    return { status: answer.status, body: JSON.parse(answer.text) };
  }

  /** What the command was answered, which succeeded. */
  async done(...given: Parameters<RealmOrgs<Realm>['post']>) {
    const { status, body } = await this.post(...given);
    expect([given[2], status, body]).toEqual([given[2], 200, expect.anything()]);
    return body;
  }

  async get(realm: Realm, sub: string, path: string) {
    const answer = await this.api.http.send({ path: `/v1/${path}`, headers: await this.headersOf(realm, sub) });
    return { status: answer.status, body: JSON.parse(answer.text) };
  }

  ofOrg(realm: Realm, sub: string, path: string) {
    return this.get(realm, sub, `orgs/${realm}-org/${path}`);
  }

  async headersOf(realm: Realm, sub: string): Promise<Headers> {
    const claims = sub === 'root' ? { email: 'admin@localhost' } : {};
    const token = this.tokens.get(realm);
    const own = await this.api.bearer(sub, { realm, ...claims });
    if (token === undefined) return { authorization: own };
    // Before anybody knows of the organization, nobody can have entered it.
    const authorization = realm === 'rules' ? await this.api.enter(own, `${realm}-org`, token) : own;
    return { authorization, 'consistency-token': token };
  }
}
