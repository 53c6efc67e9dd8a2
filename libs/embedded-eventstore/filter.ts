import { createContext, Script } from 'node:vm';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { invalid } from './errors.js';
import { recordStream, recordType } from './record.js';
import type { Found } from './store.js';

const LONGEST_REGEX = 1024;
/** A pattern that needs longer for one page of names is refused: it would hold up every other call. */
const REGEX_TIMEOUT_MS = 250;
const REMEMBERED_NAMES = 10_000;
/** Considered events in one window when the client names none (eventstore protocol: filter window `count`). */
const DEFAULT_WINDOW = 32;

export interface Filter {
  /** A checkpoint is due after this many considered events. */
  readonly checkpointEvery: number;
  /** Which events of a page pass. */
  select(page: readonly Found[]): boolean[];
}

/** Compiles the filter of a read or subscription. */
export function compileFilter(options: ReadReq.Options.FilterOptions): Filter {
  const byStream = options.getStreamIdentifier();
  const expression = byStream ?? options.getEventType();
  if (!expression) throw invalid('a filter needs an expression');
  const name = byStream ? recordStream : recordType;
  const regex = expression.getRegex();
  const matchAll = regex === '' ? prefixMatcher(expression.getPrefixList()) : regexMatcher(regex);
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW;
  return {
    checkpointEvery: Math.max(1, window) * Math.max(1, options.getCheckpointintervalmultiplier()),
    select: (page) => matchAll(page.map(({ record }) => name(record))),
  };
}

function prefixMatcher(prefixes: readonly string[]) {
  if (prefixes.length === 0) throw invalid('a filter needs a regex or prefixes');
  return (names: readonly string[]) => names.map((name) => prefixes.some((prefix) => name.startsWith(prefix)));
}

/**
 * The pattern comes from outside and may backtrack for ever, so it runs where the engine can stop it; each name is
 * tested once and remembered, which also spares the cost of that for all but new names.
 */
function regexMatcher(pattern: string) {
  if (pattern.length > LONGEST_REGEX) throw invalid(`a filter's regex may have ${LONGEST_REGEX} characters`);
  try {
    new RegExp(pattern);
  } catch {
    throw invalid('the filter holds a regex that cannot be compiled');
  }
  const sandbox = createContext({ pattern, names: '[]', verdicts: '' });
  const script = new Script(
    'regex ??= new RegExp(pattern); verdicts = JSON.parse(names).map((name) => (regex.test(name) ? 1 : 0)).join("")',
  );
  new Script('var regex').runInContext(sandbox);
  const known = new Map<string, boolean>();

  return (names: readonly string[]): boolean[] => {
    const unknown = [...new Set(names)].filter((name) => !known.has(name));
    if (unknown.length > 0) {
      if (known.size + unknown.length > REMEMBERED_NAMES) known.clear();
      const ask = known.size === 0 ? [...new Set(names)] : unknown;
      sandbox['names'] = JSON.stringify(ask);
      try {
        script.runInContext(sandbox, { timeout: REGEX_TIMEOUT_MS });
      } catch {
        throw invalid("the filter's regex takes too long");
      }
      const verdicts = String(sandbox['verdicts']);
      for (const [index, name] of ask.entries()) known.set(name, verdicts[index] === '1');
    }
    return names.map((name) => known.get(name) === true);
  };
}
