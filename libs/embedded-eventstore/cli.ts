import { parseArgs } from 'node:util';
import { startNode } from './node.js';

const HELP = `Starts a single node that speaks EventStoreDB's gRPC protocol, on 127.0.0.1, without TLS or passwords.

  --data-dir <folder>  where the log is kept; without it the log is in memory and ends with the process
  --port <number>      2113 if not given; 0 takes any free port
  --rebuild            builds index, heads and ids from the log again before it starts
  --help               this text

Prints one line of JSON with "ready" and the connection string. SIGTERM and SIGINT stop it in order.
`;

const DEFAULT_PORT = 2113;

/** Runs a node until a signal stops it. Answers the exit code: 0, or 1 with the reason on standard error. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        'data-dir': { type: 'string' },
        port: { type: 'string', default: String(DEFAULT_PORT) },
        rebuild: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const { port, rebuild, 'data-dir': dataDir } = values;
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Error(`--port ${port} is not a port`);
    // Whatever comes while it starts is served as soon as it has.
    const signal = new Promise<void>((resolve) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve());
    });
    const options = { port: Number(port), rebuild, ...(dataDir === undefined ? {} : { dataDir }) };
    const node = await startNode(options);
    const { connectionString, rebuilt } = node;
    process.stdout.write(`${JSON.stringify({ ready: true, connectionString, rebuilt })}\n`);
    await signal;
    await node.stop();
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
