import { doWork, type Work } from './long-work.js';

/** Does what it is told by the process that started it, one piece after another. */
process.on('message', (work: Work) => {
  doWork(work).then(
    (done) => process.send?.(done),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
