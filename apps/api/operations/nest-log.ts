import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** The framework's own words in the process's log; its chatter at start-up is of interest to developers only. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown): void {
    this.logger.debug({ from: 'nest' }, String(message));
  }

  warn(message: unknown): void {
    this.logger.warn({ from: 'nest' }, String(message));
  }

  error(message: unknown, ...details: unknown[]): void {
    this.logger.error({ from: 'nest', err: message, details }, 'framework error');
  }
}
