import { SystemClock } from '#libs/platform/clock.js';
import { compose } from '../compose.js';
import { outerStores } from '../outer-stores.js';
import { runProcess } from '../process.js';

/** Keeps the read models, over shared stores. Two at once do no harm: the checkpoint lets one of them through. */
runProcess(async (config, logger) => {
  const composition = await compose({
    config,
    ...(await outerStores(config)),
    clock: new SystemClock(),
    logger,
    project: true,
  });
  return { ready: { role: 'projector' }, stop: () => composition.stop() };
});
