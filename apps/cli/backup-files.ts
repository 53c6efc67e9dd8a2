/** Names in a backup's folder. */
export const LOG_FILE = 'events.jsonl.gz';
export const durableFile = (table: string): string => `durable.${table}.jsonl.gz`;
