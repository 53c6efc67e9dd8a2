import { parseArgs } from 'node:util';
import { EventStoreUnavailable, positionText } from '#libs/application/ports/event-store.js';
import { TargetDiffers } from '#libs/eventstore/copy/compare.js';
import { type CopyReport, copyLog } from '#libs/eventstore/copy/copy-log.js';
import { AppendConflict } from '#libs/eventstore/copy/log-event.js';
import { NotCopyable } from '#libs/eventstore/copy/survey.js';
import { type Command, exitCodes, type Io, UsageError } from './command.js';
import { checkPlaces, type LogPlace, openPlace } from './log-place.js';
import { count, Progress } from './progress.js';

const help = `Usage: npx tenantry copy-events --from <log> --to <log>

Copies the log of events from one event store to another: every event of every user stream, with its id, revision, data,
metadata and its place among all the others. Compares both logs from start to end when it is done.

A log is the URL of an event store (esdb://…, esdb+discover://…), or the folder of an embedded one: <DATA_DIR>/events, of a
server that is stopped.

  --from <log>  is only read
  --to <log>    empty, or the beginning of such a copy: a run that was ended in any way is continued by the next one
  --help        this text

Exit code: 0 both logs are equal, 1 refused or failed, 2 wrongly called.
`;

/** Nothing is wrong with the program: the sentence says it all. */
const explained = [TargetDiffers, NotCopyable, AppendConflict, EventStoreUnavailable];

export const copyEvents: Command = {
  async run(argv, io) {
    const { values } = parseArgs({
      args: [...argv],
      options: { from: { type: 'string' }, to: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      io.out(help);
      return exitCodes.ok;
    }
    const { from, to } = values;
    if (from === undefined || to === undefined) throw new UsageError('--from and --to are needed');
    await checkPlaces(from, to);
    try {
      return await between(from, to, io);
    } catch (error) {
      if (!isExplained(error)) throw error;
      io.err(`Not copied: ${error.message}.\n`);
      return exitCodes.failure;
    }
  },
};

async function between(from: string, to: string, io: Io): Promise<number> {
  const source = await openPlace(from);
  try {
    const target = await openPlace(to);
    try {
      const progress = new Progress(io);
      const report = await copyLog(source.log, target.log, ({ phase, events, total }) =>
        progress.tell(phase, events, total),
      );
      io.out(told(report, target));
      return exitCodes.ok;
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

function told({ present, total, streams, digest, last, lastInTarget }: CopyReport, target: LogPlace): string {
  if (last === undefined || lastInTarget === undefined)
    return 'There is nothing to copy: the source holds no events.\n';
  return `Copied ${count(total - present)} events to ${target.name}; ${count(present)} were there.
Compared ${count(total)} events of ${count(streams)} streams: all are equal, in the same order.
  sha256      ${digest}
  last event  ${last.id} (${last.stream}, revision ${last.revision}), now at ${positionText(lastInTarget)}

To switch a deployment to this log:
  1. Stop every server and projector on the old log. If it went on meanwhile, run this command again.
  2. ${target.isFolder ? `Start over a DATA_DIR whose folder "events" is this one` : `Set EVENTSTORE_URL to ${target.name}`}; keep KEY_DIR and Postgres.
  3. Build the read models anew, because positions are others in this log: npx tenantry rebuild
  4. Start. Consistency-Tokens of the old log are answered with foreign_token: clients drop them.
`;
}

function isExplained(error: unknown): error is Error {
  if (explained.some((kind) => error instanceof kind)) return true;
  return error instanceof Error && 'code' in error && error.code === 'data_dir_in_use';
}
