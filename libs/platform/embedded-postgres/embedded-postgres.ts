import { startServer } from './server.js';
import { waysHere } from './unprivileged.js';

export interface EmbeddedPostgres {
  /** Reaches a Unix socket in a private folder: no TCP port is opened. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Created when absent, locked against a second instance while Postgres runs. */
  readonly dataDir: string;
  /** False gives up safety against a crash of the machine for speed: for tests. */
  readonly durable?: boolean;
  readonly log?: (line: string) => void;
}

/** Starts the Postgres that npm installed, as root or not, and ends what a killed predecessor left running. */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  return startServer({
    dataDir: options.dataDir,
    durable: options.durable ?? true,
    ways: await waysHere(),
    dieWithParent: true,
    log: options.log ?? (() => {}),
  });
}
