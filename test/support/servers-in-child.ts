import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Child {
  readonly pid: number;
  /** The next line it prints; fails, with what it complained about, when it ends before. */
  line(): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<void>;
  readonly ended: Promise<void>;
}

const running = new Set<ChildProcess>();

/** For afterEach: a child that a failed test left behind would keep Jest from ending. */
export async function killChildren(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }),
  );
}

/** Runs the text of a module in a process of its own that can import the project's TypeScript: to be killed, or as another user. */
export function inChild(source: string, user: { uid?: number; gid?: number } = {}): Child {
  const loader = new URL('./run-ts.mjs', import.meta.url).href;
  const args = ['--conditions=source', '--import', loader, '--input-type=module', '--eval', source];
  const child = spawn(process.execPath, args, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  running.add(child);
  const ended = once(child, 'close').then(() => {
    running.delete(child);
  });
  const lines: string[] = [];
  let partial = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (partial + text).split('\n');
    partial = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  let closed = false;
  void ended.then(() => {
    closed = true;
  });
  return {
    pid: child.pid ?? 0,
    ended,
    line: async () => {
      for (;;) {
        const line = lines.shift();
        if (line !== undefined) return line;
        if (closed) throw new Error(`the child ended without a line: ${complaint}`);
        await Promise.race([once(child.stdout, 'data'), ended]);
      }
    },
    kill: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}
