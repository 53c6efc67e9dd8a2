import { parseStream } from '#libs/application/streams.js';
import type { Table } from './table.js';

/**
 * SQL for the stream that a row follows from; undefined where the table does not tell. Rows of an organization must follow
 * from its own stream alone: a table of which that is not true has a column `stream`.
 */
export function streamOfRow({ columns }: Table, alias: string): string | undefined {
  if ('stream' in columns) return `${alias}."stream"`;
  const category = ['org', 'user', 'realm'].find((each) => `${each}_id` in columns);
  return category && `'${category}-' || ${alias}."${category}_id"`;
}

/** The column that leads the table's key, with its value for this stream; undefined where the stream's rows do not stand together. */
export function streamKey({ key }: Table, stream: string): { column: string; value: string } | undefined {
  const { category, id } = parseStream(stream);
  const [column] = key;
  if (column === 'stream') return { column, value: stream };
  return column === `${category}_id` ? { column, value: id } : undefined;
}
