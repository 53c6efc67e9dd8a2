import streams from '@eventstore/db-client/generated/streams_pb.js';

type Answer = InstanceType<typeof streams.ReadResp>;

/**
 * Wrong checkpoint notices that servers of this protocol have sent:
 *  - `repeated`: each notice twice, and then the one before it once more, so that they do go backwards;
 *  - `extra_at_live`: one more after going live, at the first live event and before that event;
 *  - `end_of_log`: where nothing has passed since the last notice, the end of the log instead of the last considered
 *     event: a position at which the next event will stand, so that resuming after it would lose that event;
 *  - `prepare_0`: the right commit position with prepare position 0;
 *  - `ahead_of_events`: before each event a notice at that event.
 */
export type WrongNotice = 'repeated' | 'extra_at_live' | 'end_of_log' | 'prepare_0' | 'ahead_of_events';

/** Of one subscription: turns an answer into the encoded answers to send in its place. */
export function wrongNotices(endOfLog: () => bigint) {
  let before: Buffer | undefined;
  let passed = false;
  let live = false;
  return (kind: WrongNotice, answer: Answer, message: Buffer): Buffer[] => {
    const event = answer.getEvent();
    const checkpoint = answer.getCheckpoint();
    if (event) {
      const firstLive = live;
      passed = true;
      live = false;
      const ahead = kind === 'ahead_of_events' || (kind === 'extra_at_live' && firstLive);
      return ahead ? [notice(event.getCommitPosition()), message] : [message];
    }
    if (checkpoint) {
      const onEmptyPage = !passed;
      passed = false;
      if (kind === 'prepare_0') return [notice(checkpoint.getCommitPosition(), '0')];
      if (kind === 'end_of_log' && onEmptyPage) return [notice(endOfLog().toString())];
      if (kind !== 'repeated') return [message];
      const all = [message, message, ...(before ? [before] : [])];
      before = message;
      return all;
    }
    if (answer.hasCaughtUp()) {
      live = true;
      if (kind === 'end_of_log') return [notice(endOfLog().toString()), message];
    }
    return [message];
  };
}

function notice(commit: string, prepare = commit): Buffer {
  const checkpoint = new streams.ReadResp.Checkpoint().setCommitPosition(commit).setPreparePosition(prepare);
  return Buffer.from(new streams.ReadResp().setCheckpoint(checkpoint).serializeBinary());
}
