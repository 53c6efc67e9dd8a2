import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const project = process.cwd();

export interface StandaloneOptions {
  readonly dataDir: string;
  readonly keyDir: string;
  /** Any free one unless given. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The process of `apps/`: the standalone unless given. */
  readonly process?: 'standalone' | 'api' | 'projector';
  /** Holds `dist`. */
  readonly root?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of the standalone, or of another process of the product. */
export class StandaloneProcess {
  stdout = '';
  stderr = '';
  readonly exit: Promise<Exit>;
  private readonly child: ChildProcess;
  private readonly readyLine: Promise<Record<string, unknown> | undefined>;

  constructor({
    dataDir,
    keyDir,
    port = 0,
    env = {},
    root = project,
    user,
    process: name = 'standalone',
  }: StandaloneOptions) {
    const { PATH = '', TMPDIR } = process.env;
    this.child = spawn(process.execPath, [join(root, `dist/apps/${name}/main.js`)], {
      // Not the project's folder: a developer's .env there is not part of the test.
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH,
        ...(TMPDIR === undefined ? {} : { TMPDIR }),
        ...{ DATA_DIR: dataDir, KEY_DIR: keyDir, PORT: String(port), LOG_LEVEL: 'warn' },
        ...env,
      },
      ...user,
    });
    const { stdout, stderr } = this.child;
    if (stdout === null || stderr === null) throw new Error('the process has no output');
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    const lines = createInterface({ input: stdout });
    this.readyLine = new Promise((resolve) => {
      lines.on('line', (line) => {
        this.stdout += `${line}\n`;
        if (line.includes('"ready"')) resolve(JSON.parse(line) as Record<string, unknown>);
      });
      lines.on('close', () => resolve(undefined));
    });
    this.exit = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process has not started');
    return this.child.pid;
  }

  /** What the ready line says. Throws what the process said where it ended instead. */
  async ready(): Promise<Record<string, unknown>> {
    const line = await this.readyLine;
    if (line !== undefined) return line;
    const { code, signal } = await this.exit;
    throw new Error(`the standalone ended before it was ready (${signal ?? code}): ${this.stderr}`);
  }

  async url(): Promise<string> {
    return String((await this.ready()).url);
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal);
    return this.exit;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

const clusterOf = (dataDir: string) => join(dataDir, 'postgres', 'cluster');

/** The postmaster's pid, where one has written it. */
export async function postmasterOf(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(clusterOf(dataDir), 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return pid > 1 ? pid : undefined;
}

/** Every Postgres process of the machine that works in the data folder. */
export async function postgresOf(dataDir: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, index) => folders[index]?.startsWith(clusterOf(dataDir)));
}

/** The TCP addresses that the process listens on, as `address:port`. */
export async function listeningOf(pid: number): Promise<string[]> {
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  const own = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const LISTEN = '0A';
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTEN && inode !== undefined && own.has(inode))
    .map(([, local = '']) => addressOf(local))
    .sort();
}

/** `/proc/net/tcp` writes an IPv4 address as a number in the machine's byte order. */
function addressOf(local: string): string {
  const [address = '', port = ''] = local.split(':');
  const bytes = address.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
  const readable = address.length === 8 ? bytes.reverse().join('.') : address;
  return `${readable}:${Number.parseInt(port, 16)}`;
}

/** The standalone is run from `dist`, as its users do. */
export async function built(): Promise<void> {
  const script = `const { ensureBuilt } = await import(${JSON.stringify(join(project, 'apps/build.mjs'))}); await ensureBuilt();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('the build failed; the reason is above');
}

/** Runs `npx tenantry …` to its end. */
export async function tenantry(
  { dataDir, keyDir }: Pick<StandaloneOptions, 'dataDir' | 'keyDir'>,
  ...argv: readonly string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(project, 'apps/cli/tenantry.mjs'), ...argv], {
    cwd: '/',
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, KEY_DIR: keyDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const [code] = await once(child, 'close');
  return { code, ...said };
}
