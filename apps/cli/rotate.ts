import { parseArgs } from 'node:util';
import { loadConfig } from '#libs/platform/config.js';
import { encodeKey, signNote } from '#libs/ledger/signed-note.js';
import { forgetFormerMasters, loadKeys, rotateIndex, rotateLedger, rotateMaster } from '#libs/platform/keys.js';
import { type Database, openDatabase } from '#libs/readstore/database.js';
import { migrate } from '#libs/readstore/migrations.js';
import { PostgresSecrets } from '#libs/readstore/secret-store.js';
import { PostgresSubjectKeys } from '#libs/readstore/subject-key-store.js';
import { rewrapAll } from '#libs/vault/rewrap.js';
import { type Masters, MasterKeys } from '#libs/vault/key-wrapping.js';
import { PersonalDataUnreadable } from '#libs/vault/vault.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { count } from './progress.js';
import { reachStores, StoresOutOfReach } from './reach-stores.js';

const help = `Usage: npx tenantry rotate master [--new-only | --wrap-only | --forget-former]
       npx tenantry rotate ledger
       npx tenantry rotate index

Makes a new master key in KEY_DIR and wraps under it the key of every person and of every secret that organizations
hold; no event, no name and no secret itself is touched. The former key
stays in the file, so that older backups and running processes go on; these find the new one by themselves.

  --new-only       makes the new key and wraps nothing: where KEY_DIR is a copy on each of several machines, copy the file
                   \`master\` to all of them, then go on with --wrap-only
  --wrap-only      wraps what stands under a former key, and makes no new one
  --forget-former  makes no new key: checks that nothing stands under a former one, and takes these out of the file. Restart
                   all processes before. A backup from before the rotation can then only be restored with the former file.
  --help           this text

"ledger" makes a new key for checkpoints. What the former one has signed still counts; the last checkpoint of each tree is
signed by the new one too when it is next asked for. Prints a note, signed by the former key, that names the new one: hand
it to whoever has pinned the former. Restart all processes at once afterwards; until then they sign with the former key.

"index" makes a new key for keyed digests: of addresses, of what commands held, of profiles. The former one stays in the file:
by it, what was digested before is still found and compared; and people's ids go on following from the first one, since another
id would be another person. Restart all processes at once afterwards.

The server may run. Reads the same variables as the server: DATA_DIR, KEY_DIR, POSTGRES_URL …

Exit code: 0 done, 1 failed, 2 wrongly called.
`;

const steps = {
  'new-only': { type: 'boolean' },
  'wrap-only': { type: 'boolean' },
  'forget-former': { type: 'boolean' },
} as const;
const kinds: readonly string[] = ['master', 'ledger', 'index'];
type StepName = keyof typeof steps;
const stepNames = Object.keys(steps) as readonly StepName[];

export const rotate: Command = {
  async run(argv, io) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { ...steps, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const [which, ...more] = positionals;
    if (which === undefined || !kinds.includes(which) || more.length > 0)
      throw new UsageError('Which key? rotate master, rotate ledger, or rotate index');
    const chosen = stepNames.filter((name) => values[name] === true);
    if (chosen.length > 1)
      throw new UsageError(`Only one of ${stepNames.map((name) => `--${name}`).join(', ')} at a time`);
    if (which !== 'master') {
      if (chosen.length > 0) throw new UsageError(`--${chosen[0]} is for the master key`);
      return which === 'ledger' ? ledgerRotated(io) : indexRotated(io);
    }
    try {
      return await rotated(chosen[0], io);
    } catch (error) {
      if (!(error instanceof StoresOutOfReach || error instanceof PersonalDataUnreadable)) throw error;
      io.err(`${error.message}\n`);
      return exitCodes.failure;
    }
  },
};

async function ledgerRotated(io: Io): Promise<number> {
  const { former, present } = await rotateLedger(loadConfig(io.environment).keyDir);
  io.out(signNote(`tenantry/ledger-key@v1\n${encodeKey(present)}\n`, former));
  io.err('A new ledger key. Restart all processes, and hand the note above to whoever has pinned the former key.\n');
  return exitCodes.ok;
}

/** Keys of people, and those that stand beside organizations' secrets. */
async function rewrapEverything(db: Database, masters: Masters): ReturnType<typeof rewrapAll> {
  const wrapping = new MasterKeys(masters);
  const people = await rewrapAll(new PostgresSubjectKeys(db), wrapping);
  const secrets = await rewrapAll(new PostgresSecrets(db), wrapping);
  return { keys: people.keys + secrets.keys, rewrapped: people.rewrapped + secrets.rewrapped };
}

async function indexRotated(io: Io): Promise<number> {
  await rotateIndex(loadConfig(io.environment).keyDir);
  io.err('A new index key. Restart all processes.\n');
  return exitCodes.ok;
}

async function rotated(step: StepName | undefined, io: Io): Promise<number> {
  const config = loadConfig(io.environment);
  const stores = await reachStores(config);
  const db = openDatabase(stores.postgresUrl);
  try {
    await migrate(db);
    const present = await loadKeys(config.keyDir, config.masterKey);
    if (step === 'new-only') {
      await rotateMaster(config.keyDir);
      io.out(`A new master key; nothing is wrapped under it yet. Go on with: rotate master --wrap-only\n`);
      return exitCodes.ok;
    }
    // Before a new key is made: if the present ones do not open everything, one more would not help.
    const before = await rewrapEverything(db, present);
    if (step === 'forget-former') {
      await forgetFormerMasters(config.keyDir);
      io.out(
        `Every one of ${count(before.keys)} keys stands under the current master key, and it is the only one left.\n`,
      );
      return exitCodes.ok;
    }
    const { keys, rewrapped } =
      step === 'wrap-only' ? before : await rewrapEverything(db, await rotateMaster(config.keyDir));
    io.out(`${count(rewrapped)} of ${count(keys)} keys were wrapped under the current master key.\n`);
    return exitCodes.ok;
  } finally {
    await db.destroy();
    await stores.stop();
  }
}
