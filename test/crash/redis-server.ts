import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../fault/free-port.js';
import { findRedis, type RedisBinary } from '../support/servers-find-redis.js';

/** A Redis of the test's own, that can be killed and started again where clients look for it. It keeps nothing. */
export class RedisServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly program: string,
    private readonly binary: RedisBinary,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  static async start(folder: string): Promise<RedisServer> {
    const binary = await findRedis();
    const program = join(folder, 'redis-server');
    await symlink(binary.path, program);
    const server = new RedisServer(program, binary, folder, await freePort());
    server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  start(): void {
    const args = [
      '--bind',
      '127.0.0.1',
      '--port',
      `${this.port}`,
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      this.folder,
    ];
    this.child = spawn(this.program, args, {
      env: { PATH: process.env.PATH, LD_LIBRARY_PATH: this.binary.libraries.join(':') },
      stdio: 'ignore',
    });
  }

  async kill(): Promise<void> {
    if (this.child === undefined) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}
