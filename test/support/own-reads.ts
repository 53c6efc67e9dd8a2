import { expect } from '@jest/globals';
import type { TestApi } from './api.js';

/**
 * Sends JSON as a client does that brings along each `Consistency-Token` that it was given, and so reads its own writes.
 * `done` answers the body alone, of what was answered 200.
 */
export function readingOwnWrites(api: () => TestApi) {
  let token: string | undefined;
  const send = async (authorization: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const seen = token === undefined ? {} : { 'consistency-token': token };
    const answer = await api().http.send({ path, headers: { authorization, ...seen, ...more }, body });
    const { 'consistency-token': next } = answer.headers;
    if (typeof next === 'string') token = next;
    return { status: answer.status, body: JSON.parse(answer.text === '' ? '{}' : answer.text) };
  };
  const done = async (...asked: Parameters<typeof send>) => {
    const answer = await send(...asked);
    expect([asked[1], answer.status, answer.body]).toEqual([asked[1], 200, expect.anything()]);
    return answer.body;
  };
  return { send, done, token: () => token };
}
