import { UnsupportedPattern, WORD, parsePattern } from './regex-syntax.js';
import type { Node, Ranges } from './regex-syntax.js';

/** Steps of the longest program; a name costs at most this many times its length. */
const LONGEST_PROGRAM = 1000;
const MOST_WORK = 20_000;

interface Fork {
  readonly op: 'fork';
  one: number;
  other: number;
}

type Step =
  | { readonly op: 'unit'; readonly ranges: Ranges; readonly negated: boolean }
  | { readonly op: 'assert'; readonly what: 'start' | 'end' | 'boundary' | 'no_boundary' }
  | Fork
  | { readonly op: 'found' };

/**
 * A regular expression whose time is bounded by the length of the text times that of the pattern, whatever both are: all
 * ways to match are followed side by side (Thompson's construction), none is gone back to. JavaScript's own engine takes
 * exponential time for `(a+)+$`, and there is no way to stop it in the middle without a thread for it.
 * Means what `new RegExp(pattern).test(text)` means. Throws `UnsupportedPattern` for what cannot be had that way.
 */
export function linearRegex(pattern: string): (text: string) => boolean {
  const compiler = new Compiler();
  compiler.compile(parsePattern(pattern));
  const steps: readonly Step[] = [...compiler.steps, { op: 'found' }];
  return (text) => matches(steps, text);
}

class Compiler {
  readonly steps: Step[] = [];
  #work = 0;

  /** Emits the steps of a node; each goes on with the one after it, a fork with one of its two. */
  compile(node: Node): void {
    // Repetitions of nothing emit nothing, but take their time.
    this.#work += 1;
    if (this.#work > MOST_WORK || this.steps.length >= LONGEST_PROGRAM) {
      throw new UnsupportedPattern('patterns of this size');
    }
    if (node.kind === 'unit') this.steps.push({ op: 'unit', ranges: node.ranges, negated: node.negated });
    else if (node.kind === 'assert') this.steps.push({ op: 'assert', what: node.what });
    else if (node.kind === 'sequence') for (const part of node.of) this.compile(part);
    else if (node.kind === 'choice') this.#choice(node.of);
    else {
      for (let n = 0; n < node.min; n++) this.compile(node.node);
      if (node.max === Infinity) this.#loop(node.node);
      else this.#optional(node.node, node.max - node.min);
    }
  }

  #choice(of: readonly Node[]): void {
    const ends: Fork[] = [];
    for (const [i, part] of of.entries()) {
      const last = i === of.length - 1;
      const choice = last ? undefined : this.#fork();
      this.compile(part);
      if (choice === undefined) break;
      ends.push(this.#fork());
      choice.other = this.steps.length;
    }
    for (const end of ends) end.one = end.other = this.steps.length;
  }

  #loop(node: Node): void {
    const start = this.steps.length;
    const choice = this.#fork();
    this.compile(node);
    const back = this.#fork();
    back.one = back.other = start;
    choice.other = this.steps.length;
  }

  #optional(node: Node, times: number): void {
    const choices: Fork[] = [];
    for (let n = 0; n < times; n++) {
      choices.push(this.#fork());
      this.compile(node);
    }
    for (const choice of choices) choice.other = this.steps.length;
  }

  /** A fork to the step after it and to one that is not known yet. */
  #fork(): Fork {
    const next = this.steps.length + 1;
    const step: Fork = { op: 'fork', one: next, other: next };
    this.steps.push(step);
    return step;
  }
}

function matches(steps: readonly Step[], text: string): boolean {
  // Where in the text each step was last reached, plus one: it need not be followed twice from there.
  const reached = new Uint32Array(steps.length);
  let here: number[] = [];
  let ahead: number[] = [];
  const stack: number[] = [];
  let found = false;

  const follow = (start: number, at: number, into: number[]): void => {
    stack.push(start);
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (reached[index] === at + 1) continue;
      reached[index] = at + 1;
      const step = steps[index];
      if (step?.op === 'unit') into.push(index);
      else if (step?.op === 'fork') stack.push(step.other, step.one);
      else if (step?.op === 'found') found = true;
      else if (step && holds(step.what, text, at)) stack.push(index + 1);
    }
  };

  for (let at = 0; at <= text.length; at++) {
    // A match may begin anywhere.
    follow(0, at, here);
    if (found || at === text.length) return found;
    const code = text.charCodeAt(at);
    for (const index of here) {
      const step = steps[index];
      if (step?.op === 'unit' && within(step.ranges, code) !== step.negated) follow(index + 1, at + 1, ahead);
    }
    if (found) return true;
    here.length = 0;
    [here, ahead] = [ahead, here];
  }
  return found;
}

function holds(what: 'start' | 'end' | 'boundary' | 'no_boundary', text: string, at: number): boolean {
  if (what === 'start') return at === 0;
  if (what === 'end') return at === text.length;
  const isWord = (index: number): boolean => within(WORD, text.charCodeAt(index));
  return (isWord(at - 1) !== isWord(at)) === (what === 'boundary');
}

/** Comparisons with the NaN before the start and after the end are false, too. */
function within(ranges: Ranges, code: number): boolean {
  for (const [first, last] of ranges) if (code >= first && code <= last) return true;
  return false;
}
