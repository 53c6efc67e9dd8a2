import { setTimeout as sleep } from 'node:timers/promises';

/** A refusal waits no longer than this for its entry: it is an answer also where the event store is not. */
const WAIT_MS = 2000;

/** Waits for what is recorded of a refusal, within bounds. `onLost` is told if it fails, now or later. */
export async function recordedInTime(recording: Promise<unknown>, onLost: (error: unknown) => void): Promise<void> {
  const patience = new AbortController();
  const late = sleep(WAIT_MS, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([recording.catch(onLost), late]);
  patience.abort();
}
