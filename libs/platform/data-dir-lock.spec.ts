import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inChild, killChildren } from '../../test/support/servers-in-child.js';
import { lockDataDir } from './data-dir-lock.js';

const LOCK_MODULE = new URL('./data-dir-lock.ts', import.meta.url).href;

describe('the lock of a data folder', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tenantry-lock-'));
  });

  afterEach(async () => {
    await killChildren();
    await rm(dir, { recursive: true, force: true });
  });

  const holdInChild = () =>
    inChild(`
      const { lockDataDir } = await import(${JSON.stringify(LOCK_MODULE)});
      await lockDataDir(${JSON.stringify(dir)});
      console.log('locked');
      setInterval(() => {}, 1_000);
    `);

  it('refuses a second holder, naming the folder and the process that holds it', async () => {
    const lock = await lockDataDir(dir);
    await expect(lockDataDir(dir)).rejects.toMatchObject({
      code: 'data_dir_in_use',
      message: expect.stringMatching(new RegExp(`${dir} is in use by process ${process.pid}\\.`)),
    });
    await lock.release();
  });

  it('refuses a second process', async () => {
    const holder = holdInChild();
    await holder.line();
    await expect(lockDataDir(dir)).rejects.toMatchObject({ code: 'data_dir_in_use', pid: holder.pid });
    await holder.kill('SIGKILL');
  });

  it('refuses the same folder by another path', async () => {
    const lock = await lockDataDir(dir);
    await symlink(dir, join(dir, 'alias'));
    await expect(lockDataDir(join(dir, 'alias'))).rejects.toMatchObject({ code: 'data_dir_in_use' });
    await lock.release();
  });

  it('can be taken at once after kill -9 of its holder', async () => {
    const holder = holdInChild();
    await holder.line();
    await holder.kill('SIGKILL');
    const lock = await lockDataDir(dir);
    await lock.release();
  });

  it('refuses also while the holder cannot answer who it is', async () => {
    const holder = holdInChild();
    await holder.line();
    process.kill(holder.pid, 'SIGSTOP');
    await expect(lockDataDir(dir)).rejects.toMatchObject({
      code: 'data_dir_in_use',
      message: expect.stringContaining('in use by another process'),
    });
    await holder.kill('SIGKILL');
  });

  it('can be taken again after release, which may be asked twice', async () => {
    const lock = await lockDataDir(dir);
    await Promise.all([lock.release(), lock.release()]);
    const again = await lockDataDir(dir);
    await again.release();
  });

  it('lets exactly one of many win', async () => {
    const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDir(dir)));
    const won = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    expect(won).toHaveLength(1);
    await Promise.all(won.map((lock) => lock.release()));
  });

  it('keeps folders apart, and does not keep a process alive', async () => {
    const other = join(dir, 'other');
    await mkdir(other);
    const locks = [await lockDataDir(dir), await lockDataDir(other)];
    await Promise.all(locks.map((lock) => lock.release()));
    const idle = inChild(`
      const { lockDataDir } = await import(${JSON.stringify(LOCK_MODULE)});
      await lockDataDir(${JSON.stringify(dir)});
    `);
    await idle.ended;
  });
});
