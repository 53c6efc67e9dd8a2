import { SystemClock } from '#libs/platform/clock.js';
import { compose } from '../compose.js';
import { outerStores } from '../outer-stores.js';
import { runProcess } from '../process.js';
import { drained, listen } from '../serving.js';
import { createApi } from './create-api.js';

/** The HTTP side alone, over shared stores; any number of these may run. A projector keeps the read models. */
runProcess(async (config, logger) => {
  const stores = await outerStores(config);
  const composition = await compose({ config, ...stores, clock: new SystemClock(), logger, project: false });
  try {
    const api = await createApi(composition.services);
    await listen(config, () => api.listen(config.port, config.host));
    const stop = async () => {
      await drained(api, composition.services.drain, config.drainMs);
      await composition.stop();
    };
    return { ready: { url: config.publicUrl }, stop };
  } catch (error) {
    await composition.stop();
    throw error;
  }
});
