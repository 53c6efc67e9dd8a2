import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { invalid } from './errors.js';
import { recordStream, recordType } from './record.js';
import { UnsupportedPattern } from './regex-syntax.js';
import { linearRegex } from './regex.js';
import type { Found } from './store.js';

const LONGEST_REGEX = 1024;
/** After so many milliseconds of matching, others have their turn. */
const TURN_MS = 5;
/** Considered events in one window when the client names none (eventstore protocol: filter window `count`). */
const DEFAULT_WINDOW = 32;

export interface Filter {
  /** A checkpoint is due after this many considered events. */
  readonly checkpointEvery: number;
  /** Which events of a page pass. */
  select(page: readonly Found[]): Promise<boolean[]>;
}

/** Compiles the filter of a read or subscription. */
export function compileFilter(options: ReadReq.Options.FilterOptions): Filter {
  const byStream = options.getStreamIdentifier();
  const expression = byStream ?? options.getEventType();
  if (!expression) throw invalid('a filter needs an expression');
  const name = byStream ? recordStream : recordType;
  const regex = expression.getRegex();
  const matches = regex === '' ? prefixMatcher(expression.getPrefixList()) : regexMatcher(regex);
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW;
  return {
    checkpointEvery: Math.max(1, window) * Math.max(1, options.getCheckpointintervalmultiplier()),
    select: async (page) => {
      const passes: boolean[] = [];
      let turn = performance.now();
      for (const { record } of page) {
        passes.push(matches(name(record)));
        if (performance.now() - turn < TURN_MS) continue;
        await new Promise(setImmediate);
        turn = performance.now();
      }
      return passes;
    },
  };
}

function prefixMatcher(prefixes: readonly string[]) {
  if (prefixes.length === 0) throw invalid('a filter needs a regex or prefixes');
  return (name: string) => prefixes.some((prefix) => name.startsWith(prefix));
}

/** The pattern comes from outside, so it must not be able to hold up the node: neither by its size nor by its time. */
function regexMatcher(pattern: string): (name: string) => boolean {
  if (pattern.length > LONGEST_REGEX) throw invalid(`a filter's regex may have ${LONGEST_REGEX} characters`);
  try {
    new RegExp(pattern);
    return linearRegex(pattern);
  } catch (error) {
    const why = error instanceof UnsupportedPattern ? `must do without ${error.message}` : 'cannot be compiled';
    throw invalid(`the filter's regex ${why}`);
  }
}
