import { setTimeout as sleep } from 'node:timers/promises';

/** So often a command is decided on a stream that others move, before its sender is told of the conflict. */
export const TRIES = 60;

/** Before the next try: a little longer each time, and not in step with the others. */
export const afterConflict = (lost: number): Promise<void> => sleep(Math.random() * Math.min(5 * lost, 100));
