import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type BoundedFetch, boundedAnswer } from '../identity/bounded-fetch.js';
import type { AddressGuard } from './address-guard.js';

/** Fetches from addresses that customers name and the guard lets pass; follows nothing. */
export function guardedFetch(guard: AddressGuard): BoundedFetch {
  return async (url, { headers, signal }) => {
    const answer = await answerOf(new URL(url), guard, {
      headers: { ...Object.fromEntries(new Headers(headers)), 'user-agent': 'tenantry' },
      ...(signal instanceof AbortSignal ? { signal } : {}),
    });
    return boundedAnswer(url, answer.statusCode ?? 0, answer);
  };
}

function answerOf(
  url: URL,
  guard: AddressGuard,
  options: { readonly headers: Record<string, string>; readonly signal?: AbortSignal },
): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((answered, reject) => {
    const request = send(url, { ...guard.optionsFor(url), ...options }, answered);
    request.on('error', reject);
    request.end();
  });
}
