import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packEvidence } from '#libs/application/ledger/evidence/archive.js';
import { gatherEvidence } from '#libs/application/ledger/evidence/gather.js';
import { encodeKey, type NoteSigner } from '#libs/ledger/signed-note.js';
import { sha256 } from '../../apps/cli/verifier/sha256.js';
import { verifierPage } from '../../apps/cli/verifier-page.js';
import { built } from '../fault/standalone-process.js';
import { startTestApi, type TestApi } from '../support/api.js';

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
});

let folder: string;
let api: TestApi;
let html: string;
let archive: Buffer;
/** The same without the page in it. */
let small: Buffer;
let signer: NoteSigner;

beforeAll(async () => {
  await built();
  folder = await mkdtemp(join(tmpdir(), 'tenantry-page-'));
  api = await startTestApi();
  html = await verifierPage();
  await writeFile(join(folder, 'verify.html'), html);
  signer = Reflect.get(api.services.ledger, 'signer') as NoteSigner;
  const send = async (who: string, path: string, body: unknown) => {
    const email = who === 'root' ? { email: 'admin@localhost' } : {};
    const answer = await api.http.send({ path, body, headers: { authorization: await api.bearer(who, email) } });
    expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  };
  await send('root', '/v1/realm/commands/CreateOrg', { orgId: 'acme', name: 'Acme – “Ünïcode” 😀', ownerId: 'alice' });
  await send('alice', '/v1/orgs/acme/commands/CreateEnvironment', { environmentId: 'production', name: 'Production' });
  const head = (await api.services.store.head()) ?? { commit: 0n, prepare: 0n };
  await api.services.readPosition.reached(head, 20_000);
  const question = {
    subject: 'alice',
    action: 'environment:use',
    resource: 'acme/production',
    at: new Date().toISOString(),
  };
  const evidence = await gatherEvidence(api.services.store, api.services.ledger, question);
  archive = packEvidence(evidence, new Map([['verify.html', Buffer.from(html)]]), signer);
  small = packEvidence(evidence, new Map(), signer);
}, 180_000);
afterAll(async () => {
  await api?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('the page that checks evidence', () => {
  it('is one file that may fetch nothing, and tells nothing of the machine that made it', () => {
    expect(html).toContain(`default-src 'none'`);
    expect(html).not.toContain(process.cwd());
    for (const [, text = ''] of html.matchAll(/base64,([A-Za-z0-9+/=]+)/g))
      expect(Buffer.from(text, 'base64').toString('utf8')).not.toContain(process.cwd());
    expect(html).not.toMatch(/<(?:script|link|img|iframe)[^>]+(?:src|href)=/);
  });

  it('hashes as Node does', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = randomBytes(length);
      expect(Buffer.from(sha256(bytes))).toEqual(createHash('sha256').update(bytes).digest());
    }
  });

  // Where there is no browser, the command that does the same is tested alone.
  if (chromium !== undefined)
    it('accepts sound evidence in Chromium, and nothing else', async () => {
      const browser = await Browser.open(chromium, folder);
      try {
        const good = await browser.check(archive, encodeKey(signer));
        expect(good).toContain('VERIFIED: ');
        expect(good).toMatch(/^VERIFIED/);
        expect(good).toContain('Could alice environment:use acme/production');
        const at = small.indexOf('"OrgCreated');
        const changed: [string, Buffer][] = [
          ['a byte of an event', flipped(small, at)],
          ['a byte of the list of files', flipped(small, 520)],
          ['a byte of the signature', flipped(small, small.indexOf('\n— ') + 60)],
          ['the end', small.subarray(0, -512)],
        ];
        for (const [what, bytes] of changed)
          expect([what, await browser.check(bytes, encodeKey(signer))]).toEqual([
            what,
            expect.stringMatching(/^NOT VERIFIED/),
          ]);
        const other = encodeKey({ name: signer.name, ...generateKeyPairSync('ed25519') });
        expect(await browser.check(small, other)).toMatch(/^NOT VERIFIED/);
        expect(await browser.check(small, encodeKey(signer))).toBe(good);
        expect(browser.requested.filter((url) => !/^(?:file|data):/.test(url))).toEqual([]);
      } finally {
        await browser.close();
      }
    }, 120_000);
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Chromium with the page open, spoken to by its debugging protocol over a pipe. */
class Browser {
  readonly requested: string[] = [];
  private readonly waiting = new Map<
    number,
    { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void }
  >();
  private next = 1;
  private session: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    let rest = '';
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop() ?? '';
      for (const each of messages) this.take(JSON.parse(each) as Message);
    });
  }

  static async open(path: string, folder: string): Promise<Browser> {
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--remote-debugging-pipe',
    ];
    const child = spawn(path, [...flags, `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const browser = new Browser(child, folder);
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
    browser.session = String(sessionId);
    for (const domain of ['Page', 'Network', 'DOM', 'Runtime']) await browser.send(`${domain}.enable`);
    await browser.send('Page.navigate', { url: pathToFileURL(join(folder, 'verify.html')).href });
    await browser.until(`typeof document.getElementById('check')?.onsubmit === 'function'`);
    return browser;
  }

  /** What the page says of these bytes. */
  async check(bytes: Buffer, key: string): Promise<string> {
    const file = join(this.folder, `archive-${this.next}.tar`);
    await writeFile(file, bytes);
    expect(await readFile(file)).toEqual(bytes);
    const { root } = (await this.send('DOM.getDocument')) as { root: { nodeId: number } };
    const { nodeId } = await this.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#file' });
    await this.send('DOM.setFileInputFiles', { nodeId, files: [file] });
    await this.evaluate(`document.getElementById('key').value = ${JSON.stringify(key)};
      document.getElementById('verdict').textContent = '';
      document.querySelector('button').click()`);
    await this.until(`/VERIFIED/.test(document.getElementById('verdict').textContent)`);
    return String(await this.evaluate(`document.getElementById('verdict').textContent`));
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    await this.send('Browser.close').catch(() => this.child.kill('SIGKILL'));
    await ended;
  }

  private async until(condition: string): Promise<void> {
    const deadline = performance.now() + 60_000;
    while ((await this.evaluate(condition)) !== true) {
      if (performance.now() > deadline) throw new Error(`did not come true: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }

  private send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = this.next++;
    const session = this.session === undefined ? {} : { sessionId: this.session };
    (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  private take({ id, method, params, result, error }: Message): void {
    if (method === 'Network.requestWillBeSent')
      this.requested.push(String((params as { request: { url: string } }).request.url));
    if (id === undefined) return;
    const asked = this.waiting.get(id);
    this.waiting.delete(id);
    if (error !== undefined) asked?.reject(new Error(error.message));
    else asked?.resolve({ ...result });
  }
}
