import { checkCertificateFiles } from '#libs/platform/ca-files.js';
import { type Config, ConfigInvalid } from '#libs/platform/config.js';
import { type Keys, loadKeys } from '#libs/platform/keys.js';

interface OuterStores {
  readonly keys: Keys;
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  readonly redisUrl: string | undefined;
}

/** The stores that processes share. Throws ConfigInvalid where a URL is missing: one process's embedded store is not another's. */
export async function outerStores(config: Config): Promise<OuterStores> {
  const { eventStoreUrl, postgresUrl } = config;
  if (eventStoreUrl === undefined || postgresUrl === undefined) {
    const problems = Object.entries({ EVENTSTORE_URL: eventStoreUrl, POSTGRES_URL: postgresUrl })
      .filter(([, url]) => url === undefined)
      .map(([name]) => `${name} is needed by a process that shares its stores; \`npm start\` embeds them.`);
    throw new ConfigInvalid(problems);
  }
  await checkCertificateFiles(config);
  return {
    keys: await loadKeys(config.keyDir, config.masterKey),
    eventStoreUrl: eventStoreUrl.reveal(),
    postgresUrl: postgresUrl.reveal(),
    redisUrl: config.redisUrl?.reveal(),
  };
}
