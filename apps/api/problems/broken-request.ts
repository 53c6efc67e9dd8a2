import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem, problemTable, invalid } from './problem.js';
import { problemBody } from './problem.filter.js';

/** Answers what Node's parser cannot make a request of, and closes the connection. */
export function answerBrokenRequest(publicUrl: string) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
    const problem =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? new Problem('too_large')
        : invalid([{ path: '', message: 'the request is not well-formed HTTP, or came too slowly' }]);
    const { status } = problemTable[problem.code];
    const id = randomUUID();
    const body = JSON.stringify(problemBody(problem, publicUrl, id));
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-ID: ${id}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  };
}
