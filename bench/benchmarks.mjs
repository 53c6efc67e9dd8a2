/** Every benchmark, in the order of running, with what it measures. */
export const benchmarks = {
  permit: 'decisions per second in process',
  appends: 'durable appends through the official client',
  'event-store': 'opening a large log, and a subscriber from the start of a million events',
  projection: 'events per second into the read models',
  ledger: "the trees' share of the projector's time",
  rebuild: 'events per second into new read models, against COPY of the same rows',
  commands: 'commands per second over HTTP',
  evaluations: 'permission checks per second over HTTP',
  tiers: 'permission checks over HTTP, by the tier that their documents come from',
  'two-apis': 'two api processes against one',
  parked: "others' permission checks while one organization is parked",
  history: 'a question about the past, cold and warm, by the length of the stream',
  visible: 'from the answer of a command until a read shows it',
  'visible-under-load': 'the same at half of the most commands',
  memory: 'what a process holds after 100 000 memberships',
  'process-memory': 'what an api and a projector hold, as processes of their own',
};
