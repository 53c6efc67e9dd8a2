/** Tells of streams that moved in the log, as far as this process follows it: a hint to read, never what was appended. */
export abstract class StreamMoves {
  /** `onMove` is called for each event of the stream from now on, until the answered function is called. */
  abstract watch(stream: string, onMove: () => void): () => void;
}
