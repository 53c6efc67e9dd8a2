/** Who wants to know when a stream moves. */
export class StreamWatch {
  private readonly watching = new Map<string, Set<() => void>>();

  /** Until the answered function is called. */
  watch(stream: string, onMove: () => void): () => void {
    // One of its own for each call: the same function may watch twice.
    const told = () => onMove();
    const all = this.watching.get(stream) ?? new Set();
    this.watching.set(stream, all.add(told));
    return () => {
      all.delete(told);
      if (all.size === 0 && this.watching.get(stream) === all) this.watching.delete(stream);
    };
  }

  tell(stream: string): void {
    for (const told of this.watching.get(stream) ?? []) told();
  }
}
