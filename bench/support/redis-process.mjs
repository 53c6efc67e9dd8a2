// The Redis that the tests find or install, in the folder FOLDER; tells its URL to the parent.
import { findRedis } from '../../test/support/servers-find-redis.ts';
import { startRedis } from '../../test/support/servers-redis.ts';

const redis = await startRedis(await findRedis(), process.env['FOLDER']);
const end = () => void redis.stop().then(() => process.exit(0));
process.on('SIGTERM', end);
process.on('disconnect', end);
process.send(redis.url);
