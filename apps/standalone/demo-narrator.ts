export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly consistencyToken: string;
}

export interface Step {
  readonly as: string;
  readonly post?: string;
  readonly get?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** True where the answer is as the story needs it; otherwise what is wrong. */
  readonly expect: (answer: Answer) => true | string;
}

/** A step was answered in another way than the story tells. */
export class Surprise extends Error {
  override readonly name = 'Surprise';
}

const WIDTH = 100;
const INDENT = '    ';

/** Sends requests and prints them with their answers, for a person to read. */
export class Narrator {
  private count = 0;

  constructor(
    private readonly url: string,
    private readonly tokens: ReadonlyMap<string, string>,
  ) {}

  async step(title: string, { as, post, get, headers = {}, body, expect }: Step): Promise<Answer> {
    const method = post === undefined ? 'GET' : 'POST';
    const path = post ?? get ?? '/';
    const lines = Object.entries(headers).map(([name, value]) => style.quiet(`${name}: ${shortened(value)}`));
    if (body !== undefined) lines.push(style.quiet(pretty(body)));
    this.count += 1;
    print('', `${style.bold(`${this.count}. ${title}`)}`);
    print(...indented([`${style.request(`${method} ${path}`)}  ${style.quiet(`as ${as}`)}`, ...lines]));
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.tokens.get(as) ?? ''}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: Answer = {
      status: response.status,
      body: await response.json(),
      consistencyToken: response.headers.get('consistency-token') ?? '',
    };
    const status = answer.status < 300 ? style.good : style.bad;
    print(...indented([`${status(`→ ${answer.status}`)} ${pretty(answer.body)}`]));
    const verdict = expect(answer);
    if (verdict !== true) throw new Surprise(`Step ${this.count}, "${title}": ${verdict}.`);
    return answer;
  }
}

const print = (...lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);

const indented = (texts: readonly string[]) => texts.map((text) => `${INDENT}${text.replaceAll('\n', `\n${INDENT}`)}`);

/** Colours only where a terminal shows them; `hasColors` heeds NO_COLOR. */
const colour = process.stdout.isTTY && process.stdout.hasColors();
const styled = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const style = { bold: styled(1), quiet: styled(2), request: styled(36), good: styled(32), bad: styled(33) };

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}([0-9a-f]{8})\b/g;
const longToken = /\b([A-Za-z0-9_-]{12})[A-Za-z0-9_-]{28,}\b/g;

/** Ids keep their last part, enough to see which are the same: those made at one time begin alike. */
const shortened = (text: string) => text.replace(uuid, '…$1').replace(longToken, '$1…');

/** JSON with one line for each part that fits on one. */
function pretty(value: unknown, depth = 0): string {
  const flat = shortened(oneLine(value));
  if (typeof value !== 'object' || value === null || flat.length + 2 * depth <= WIDTH - INDENT.length - 'key: '.length)
    return flat;
  const inner = '  '.repeat(depth + 1);
  const end = `\n${'  '.repeat(depth)}`;
  if (Array.isArray(value)) return `[\n${value.map((item) => inner + pretty(item, depth + 1)).join(',\n')}${end}]`;
  const members = Object.entries(value).map(
    ([name, member]) => `${inner}${JSON.stringify(name)}: ${pretty(member, depth + 1)}`,
  );
  return `{\n${members.join(',\n')}${end}}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${oneLine(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
