const LOOK_EVERY_MS = 2000;

/** Watches which build of the read models stands behind the documents, and whether it is one of the followed log. */
export class ReadModelsIdentity {
  private name: string | undefined;
  private looking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** `onChange` is told of each other name; undefined: documents must not be believed. */
  constructor(
    private readonly ask: () => Promise<string | undefined>,
    private readonly onChange: (name: string | undefined) => void,
  ) {}

  get current(): string | undefined {
    return this.name;
  }

  async start(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Where nobody answers, what was known last holds on. */
  async look(): Promise<string | undefined> {
    this.looking ??= this.ask()
      .then(
        (name) => this.seen(name),
        () => undefined,
      )
      .finally(() => {
        this.looking = undefined;
      });
    await this.looking;
    return this.name;
  }

  private seen(name: string | undefined): void {
    if (name === this.name) return;
    this.name = name;
    this.onChange(name);
  }
}
