import { runProcess } from '../process.js';
import { startStandalone } from './standalone.js';

runProcess(async (config, logger) => {
  const { url, stop } = await startStandalone(config, logger);
  const development = {
    mode: 'development mode: tokens come from this machine, not from an identity provider',
    token: 'npx tenantry token --sub admin --email admin@localhost',
  };
  const ready = {
    url,
    ...(config.identity.developmentIssuer && development),
    data: config.dataDir,
    docs: `${url}/docs`,
  };
  return { ready, stop };
});
