import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A Node process that is profiled where its parent is, and ended with it. `args` are for Node itself. */
export function child(path, { env = {}, args = [], cleanUp, stdout = 'ignore' }) {
  const folder = process.env['BENCH_PROFILES'];
  const started = fork(fileURLToPath(path), [], {
    env: { ...process.env, ...env },
    execArgv: [...args, ...(folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [])],
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  });
  const ended = new Promise((resolve) => started.once('exit', resolve));
  cleanUp(async () => {
    started.kill('SIGTERM');
    await ended;
  });
  return { process: started, ended };
}
