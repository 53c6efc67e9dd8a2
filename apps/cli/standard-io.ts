import type { Io } from './command.js';

/** What is needed of a stream: `process.stdout` and `process.stderr` are such. */
interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR = '\r\u001b[K';

/** The process's own output. Where standard error is a terminal, a status stands on its last line until anything else is written. */
export function standardIo(stdout: Output = process.stdout, stderr: Output = process.stderr): Io {
  let shown = false;
  const cleared = (output: Output) => (text: string) => {
    if (shown) stderr.write(CLEAR);
    shown = false;
    output.write(text);
  };
  const io = { out: cleared(stdout), err: cleared(stderr) };
  if (stderr.isTTY !== true) return io;
  return {
    ...io,
    status: (text) => {
      // A line that wraps could not be cleared again.
      stderr.write(`${CLEAR}${text.slice(0, (stderr.columns ?? 80) - 1)}`);
      shown = true;
    },
  };
}
