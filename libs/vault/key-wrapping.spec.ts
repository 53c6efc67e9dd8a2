import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { OutsideServer } from '../../test/support/outside-server.js';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.js';
import { KeyWrapping } from './key-wrapping.js';
import type { SubjectKey } from './subject-keys.js';
import { Vault } from './vault.js';

/** A key management service as they all are: it encrypts and decrypts a few bytes bound to a context, and keeps its key. */
class KeyService extends OutsideServer {
  private readonly key = randomBytes(32);

  get url(): string {
    return this.origin;
  }

  protected take({ url }: IncomingMessage, text: string, response: ServerResponse): void {
    const { bytes, context } = JSON.parse(text) as { bytes: string; context: string };
    try {
      const answer = (url === '/encrypt' ? this.encrypted : this.decrypted).call(this, bytes, context);
      response.end(JSON.stringify({ bytes: answer }));
    } catch {
      response.writeHead(400).end();
    }
  }

  private encrypted(bytes: string, context: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(context));
    const ct = Buffer.concat([cipher.update(Buffer.from(bytes, 'base64')), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), ct]).toString('base64');
  }

  private decrypted(bytes: string, context: string): string {
    const all = Buffer.from(bytes, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.key, all.subarray(0, 12));
    decipher.setAAD(Buffer.from(context)).setAuthTag(all.subarray(12, 28));
    return Buffer.concat([decipher.update(all.subarray(28)), decipher.final()]).toString('base64');
  }
}

/** An adapter as whoever has such a service writes it. */
class WrappedByService extends KeyWrapping {
  constructor(private readonly url: string) {
    super();
  }
  override async wrap(subject: string, kid: string, key: Buffer): Promise<Uint8Array> {
    const wrapped = await this.ask('encrypt', key, `${subject} ${kid}`);
    if (wrapped === undefined) throw new Error('the key service does not encrypt');
    return wrapped;
  }
  override unwrap(subject: string, { kid, wrapped }: SubjectKey): Promise<Buffer | undefined> {
    return this.ask('decrypt', wrapped, `${subject} ${kid}`);
  }
  override async isCurrent(): Promise<boolean> {
    return true;
  }
  private async ask(what: string, key: Uint8Array, context: string): Promise<Buffer | undefined> {
    const body = JSON.stringify({ bytes: Buffer.from(key).toString('base64'), context });
    const answer = await fetch(`${this.url}/${what}`, { method: 'POST', body });
    if (!answer.ok) return undefined;
    return Buffer.from(((await answer.json()) as { bytes: string }).bytes, 'base64');
  }
}

let fresh: FreshDatabase;
let db: Database;
const service = new KeyService();
beforeAll(async () => {
  fresh = await freshDatabase();
  db = openDatabase(fresh.url);
  await migrate(db);
  await service.open();
});
afterAll(async () => {
  await service.close();
  await db.destroy();
  await fresh.drop();
});

describe('keys that a key management service wraps', () => {
  const vault = () =>
    new Vault(
      { index: createSecretKey(Buffer.alloc(32, 2)) },
      new PostgresSubjectKeys(db),
      new WrappedByService(service.url),
    );
  const profile = { issuer: 'i', subject: 's', email: 'alice@acme.test', name: 'Alice' };
  const event = { stream: 'user-alice', id: 'e-1', type: 'ProfileObserved', data: { userId: 'alice', ...profile } };
  const stored = (data: unknown) => ({
    ...event,
    ...{ data, revision: 0n, position: { commit: 0n, prepare: 0n }, metadata: {}, created: new Date(0) },
  });

  it('seal and open for every process that asks the same service', async () => {
    const [sealed] = await vault().seal([event]);
    expect(JSON.stringify(sealed)).not.toContain('alice@acme.test');
    expect((await vault().open([stored(sealed?.data)]))[0]?.data).toEqual(event.data);
  });

  it('are no erased ones while the service is away: nothing is answered, and nothing is sealed', async () => {
    const [sealed] = await vault().seal([event]);
    await service.close();
    await expect(vault().open([stored(sealed?.data)])).rejects.toThrow('fetch failed');
    await expect(vault().seal([{ ...event, stream: 'user-bob' }])).rejects.toThrow('fetch failed');
    await service.open();
    expect((await vault().open([stored(sealed?.data)]))[0]?.data).toEqual(event.data);
  });
});
