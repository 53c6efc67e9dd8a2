import type { EventStoreDBClient } from '@eventstore/db-client';
import type { ClientDuplexStream } from '@grpc/grpc-js';

type Answers = ClientDuplexStream<unknown, unknown>;
/** Opens a call, or gives the open one; protected in the client. */
type Opening = (service: unknown, call: string, open: (service: unknown) => Answers, cache?: unknown) => unknown;

/**
 * Version 6 of the client keeps the waiting appends of all its connections in one list. When one connection breaks, it
 * gives up on all of them; the answer that another one still brings then throws out of a listener, which ends the
 * process. The appends given up have failed as unavailable already, and are sent again under the same event ids.
 */
export function ignoreAnswersToGivenUp(client: EventStoreDBClient): void {
  const inner = client as unknown as { GRPCStreamCreator: Opening };
  const opening = inner.GRPCStreamCreator;
  inner.GRPCStreamCreator = (service, call, open, cache) =>
    opening(service, call, call === 'appendToStream' ? (each) => listeningOn(open(each)) : open, cache);
}

function listeningOn(answers: Answers): Answers {
  const listeners = answers.listeners('data');
  answers.removeAllListeners('data');
  return answers.on('data', (answer: unknown) => {
    try {
      for (const listener of listeners) Reflect.apply(listener, answers, [answer]);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  });
}
