import { Clock } from '#libs/application/ports/clock.js';

export class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}
