import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logging.js';
import { Secret } from './secret.js';

function lines(log: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const written: string[] = [];
  log(createLogger('debug', { write: (line) => void written.push(line) }));
  return written;
}
const jwt = `eyJhbGciOiJFUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`;

describe('logging', () => {
  it('writes one JSON object per line with the level by name', () => {
    const [line] = lines((logger) => logger.info({ org: 'acme' }, 'ready'));
    expect(JSON.parse(String(line))).toEqual({ level: 'info', time: expect.any(String), org: 'acme', msg: 'ready' });
  });

  it('keeps credentials out of fields at any depth, messages, errors and bindings', () => {
    const written = lines((logger) => {
      logger.info({ req: { headers: { authorization: `Bearer ${jwt}`, Cookie: ['s=hunter2'] } } });
      logger.info({ a: { b: { c: { d: { password: 'hun"ter2', token: 'hunter2' } } } } });
      logger.warn(`refused Bearer hunter2.hunter2.hunter2 and ${jwt}`);
      logger.error({ err: new Error('connect postgres://app:hunter2@db.example.com/x failed') });
      logger.child({ authorization: 'Basic hunter2' }).debug('child');
      logger.info({ url: new Secret('hunter2') });
      logger.info({ body: '{"authorization":"Bearer hunter2"}' });
    });
    expect(written).toHaveLength(7);
    for (const line of written) {
      expect(line).not.toMatch(/hunter2|hun\\"ter2|aaaa/);
      expect(() => JSON.parse(line)).not.toThrow();
    }
    expect(written.join('')).toContain('db.example.com');
  });

  it('leaves everything else as it is', () => {
    const fields = { tokens: 12, url: 'http://127.0.0.1:3000/a:b@c', at: 'noon', secretary: 'ada' };
    expect(JSON.parse(String(lines((logger) => logger.info(fields))[0]))).toMatchObject(fields);
  });

  it('is silent below its level', () => {
    expect(lines((logger) => logger.trace('x'))).toEqual([]);
  });
});

it('a secret shows its value to nobody who does not ask for it', () => {
  const secret = new Secret({ key: 'hunter2' });
  expect(
    [`${secret}`, JSON.stringify({ secret }), inspect(secret), inspect(secret, { showHidden: true })].join(),
  ).not.toContain('hunter2');
});
