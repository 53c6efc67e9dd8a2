import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Logger, pino } from 'pino';
import { createApi } from '../../apps/api/create-api.js';
import { compose } from '../../apps/compose.js';
import type { ApiServices } from '../../apps/api/services.js';
import type { Clock } from '#libs/application/ports/clock.js';
import { startNode } from '#libs/embedded-eventstore/node.js';
import { SystemClock } from '#libs/platform/clock.js';
import { loadConfig } from '#libs/platform/config.js';
import { type DevTokenClaims, signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { loadKeys } from '#libs/platform/keys.js';
import { HttpClient } from './http.js';
import { startedDatabase } from './postgres.js';

export interface TestApiOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Further variables of the configuration. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Checks use this Redis, too. */
  readonly redisUrl?: string;
  /** Last change to what the API is made over. */
  readonly over?: (services: ApiServices) => ApiServices;
}

export interface TestApi {
  readonly app: NestFastifyApplication;
  readonly port: number;
  readonly http: HttpClient;
  readonly services: ApiServices;
  /** An `Authorization` header of the development issuer. */
  bearer(sub: string, claims?: Partial<DevTokenClaims>): Promise<string>;
  /**
   * As a client does that knows one organization at a time: the header of a session in the organization, or the one given
   * where the scheme knows no sessions, or the person may not enter.
   */
  enter(authorization: string, orgId: string, consistencyToken?: string): Promise<string>;
  /** Of the node that the API appends to. */
  readonly eventStoreUrl: string;
  readonly keyDir: string;
  /** Another one over the same stores, with the keys as they are then; this one is over. */
  restart(): Promise<TestApi>;
  stop(): Promise<void>;
}

/** The API over real parts: embedded event store, Postgres, projector, vault. Listens on a port of its own. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'tenantry-api-'));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const keyDir = join(folder, 'keys');
    const [, database, node] = await Promise.all([loadKeys(keyDir), startedDatabase(), startNode({})]);
    stops.push(() => database.drop());
    stops.push(() => node.stop());
    const clock = options.clock ?? new SystemClock();
    const config = loadConfig({ DATA_DIR: join(folder, 'data'), KEY_DIR: keyDir, ...options.environment });
    const logger = options.logger ?? pino({ level: 'silent' });
    const { connectionString: eventStoreUrl } = node;
    const stores = stops.length;
    const serve = async (): Promise<TestApi> => {
      const keys = await loadKeys(keyDir);
      const composition = await compose({
        config,
        keys,
        eventStoreUrl,
        postgresUrl: database.url,
        redisUrl: options.redisUrl,
        clock,
        logger,
        project: true,
      });
      stops.push(() => composition.stop());
      const services = options.over?.(composition.services) ?? composition.services;
      const app = await createApi(services);
      stops.push(() => app.close());
      await app.listen(0, '127.0.0.1');
      const port = Number(new URL(await app.getUrl()).port);
      const http = new HttpClient(port);
      stops.push(async () => http.close());
      const bearer = async (sub: string, claims: Partial<DevTokenClaims> = {}) =>
        `Bearer ${await signDevToken(keys, { sub, ttlSeconds: 3600, ...claims }, clock)}`;
      const enter = async (authorization: string, org: string, consistencyToken?: string) => {
        const seen = consistencyToken === undefined ? {} : { 'consistency-token': consistencyToken };
        const answer = await http.send({ path: '/v1/session', headers: { authorization, ...seen }, body: { org } });
        return answer.status === 200 ? `Bearer ${JSON.parse(answer.text).access_token}` : authorization;
      };
      const restart = async () => {
        for (const end of stops.splice(stores).reverse()) await end();
        return serve();
      };
      return { app, port, http, services, bearer, enter, eventStoreUrl, keyDir, restart, stop };
    };
    return await serve();
  } catch (error) {
    await stop();
    throw error;
  }
}
