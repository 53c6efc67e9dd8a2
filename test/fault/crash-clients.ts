import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedCommand } from './crash-plan.js';

export interface Answered {
  readonly command: PlannedCommand;
  readonly status: number;
  readonly body: unknown;
  /** How many requests it took. */
  readonly tries: number;
}

export interface Target {
  /** Changes with every start of the server. */
  url: string;
  bearerOf(caller: string): string;
}

const REQUEST_TIMEOUT_MS = 20_000;
const RETRY_MS = 100;
/** Answers that say nothing about the command itself. */
const again = new Set([409, 503]);

/** Sends the command under its key until the server has an answer to it. */
export async function answerTo(command: PlannedCommand, target: Target): Promise<Answered> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(`${target.url}/v1/orgs/${command.orgId}/commands/${command.name}`, {
        method: 'POST',
        headers: {
          authorization: target.bearerOf(command.caller),
          'content-type': 'application/json',
          'idempotency-key': `"${command.key}"`,
        },
        body: JSON.stringify(command.input),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const body: unknown = await response.json();
      const undecided = again.has(response.status) && (response.status === 503 || codeOf(body) === 'conflict');
      if (!undecided) return { command, status: response.status, body, tries };
    } catch (error) {
      // The server is gone or went while it answered. By name: fetch throws another realm's errors here.
      if (!lost.has(nameOf(error))) throw error;
    }
    await sleep(RETRY_MS);
  }
}

const lost = new Set<unknown>(['TypeError', 'SyntaxError', 'TimeoutError', 'AbortError']);

const nameOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;

export function codeOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
}
