import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const running = new Set<() => void>();

/** For the end of a suite: a test that failed has not ended its node. */
export function endNodes(): void {
  for (const end of running) end();
}

export interface NodeInChild {
  readonly connectionString: string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts the node in a child process, if wanted under another program that takes its command line. */
export async function nodeInChild(dataDir: string, under: readonly string[] = []): Promise<NodeInChild> {
  const loader = path('../support/run-ts.mjs');
  const node = [process.execPath, '--conditions=source', '--import', loader, path('./event-store-node.ts'), dataDir];
  const [command = '', ...rest] = [...under, ...node];
  const env = { ...process.env, NODE_OPTIONS: '' };
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const ended = once(child, 'exit');
  const end = (): void => void child.stdin.end();
  running.add(end);
  child.stdin.on('error', () => undefined);
  child.once('exit', () => running.delete(end));
  const lines = createInterface({ input: child.stdout });
  const first = once(lines, 'line').then(([line]) => String(line));
  const gone = ended.then(([code, signal]) => {
    throw new Error(`the node ended before it was ready: ${signal ?? code}`);
  });
  gone.catch(() => undefined);
  const [connectionString = '', pid] = (await Promise.race([first, gone])).split(' ');
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    // Not the child: that may be the other program, which need not pass signals on.
    process.kill(Number(pid), signal);
    await ended;
  };
  return { connectionString, kill };
}
