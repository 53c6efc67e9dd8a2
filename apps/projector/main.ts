import { SystemClock } from '#libs/platform/clock.js';
import { compose } from '../compose.js';
import { listenForOperations } from '../operations-listener.js';
import { outerStores } from '../outer-stores.js';
import { runProcess } from '../process.js';
import { Readiness } from '../readiness.js';
import { listen } from '../serving.js';

/**
 * Keeps the read models, over shared stores. Of several the one with the lease does the work, and the others stand by;
 * two at once do no harm: the checkpoint lets one of them through.
 */
runProcess(async (config, logger) => {
  const composition = await compose({
    config,
    ...(await outerStores(config)),
    clock: new SystemClock(),
    logger,
    project: 'while_leading',
  });
  const { probes, drain, metrics } = composition.services;
  try {
    const readiness = new Readiness(probes, drain, logger);
    const operations = await listen(config, () => listenForOperations(config, readiness, metrics));
    const stop = async () => {
      // Nobody sends it requests: it gives the lease back at once, and answers probes until the end.
      await drain.begin(0);
      await composition.stop();
      await operations.close();
    };
    const host = config.host.includes(':') ? `[${config.host}]` : config.host;
    return { ready: { role: 'projector', operations: `http://${host}:${operations.port}` }, stop };
  } catch (error) {
    await composition.stop();
    throw error;
  }
});
