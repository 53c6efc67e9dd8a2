/** The members of a record with their ids, by id. */
export const listed = <T extends object>(record: Readonly<Record<string, T>> | undefined): ({ id: string } & T)[] =>
  Object.entries(record ?? {})
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, each]) => ({ id, ...each }));
