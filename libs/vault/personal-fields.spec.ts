import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { personalFields, personalFieldsOf, replaceAt } from './personal-fields.js';

const personal = z.string().meta({ personal: true });
const masked = (schema: z.ZodType, data: unknown) => {
  const places: string[] = [];
  const result = replaceAt(data, personalFields(schema), (_, at) => {
    places.push(at.join('.'));
    return '#';
  });
  return { result, places };
};

describe('personal fields', () => {
  it('follow from the schemas of events', () => {
    expect(personalFieldsOf('user', 'ProfileObserved')).toEqual([['issuer'], ['subject'], ['email'], ['name']]);
    expect(personalFieldsOf('user', 'ClaimsObserved')).toEqual([]);
    expect(personalFieldsOf('user', 'FromTheFuture')).toEqual([]);
    expect(personalFieldsOf('other', 'ProfileObserved')).toEqual([]);
    expect(personalFieldsOf('user', 'constructor')).toEqual([]);
  });

  it('are found inside every construct that an event may use', () => {
    const schema = z.strictObject({
      id: z.string(),
      home: z.object({ street: personal, country: z.string() }).nullable(),
      phones: z.array(z.object({ number: personal.optional(), kind: z.string() })).optional(),
      aliases: z.array(personal),
      notes: z.record(z.string(), personal).readonly(),
      pair: z.tuple([z.string(), personal.nullable()]),
      kind: z.discriminatedUnion('type', [
        z.object({ type: z.literal('person'), name: personal }),
        z.object({ type: z.literal('service'), label: z.string() }),
      ]),
      nick: personal.transform((value) => value.trim()).default('x'),
      whole: z.object({ a: z.number() }).meta({ personal: true }),
    });
    const data = {
      id: 'i',
      home: { street: 's', country: 'c' },
      phones: [{ number: 'n', kind: 'k' }, { kind: 'k' }],
      aliases: ['a', 'b'],
      notes: { x: 'y' },
      pair: ['p', 'q'],
      kind: { type: 'person', name: 'n' },
      nick: 'n',
      whole: { a: 1 },
    };
    const before = structuredClone(data);
    expect(masked(schema, data)).toEqual({
      result: {
        id: 'i',
        home: { street: '#', country: 'c' },
        phones: [{ number: '#', kind: 'k' }, { kind: 'k' }],
        aliases: ['#', '#'],
        notes: { x: '#' },
        pair: ['p', '#'],
        kind: { type: 'person', name: '#' },
        nick: '#',
        whole: '#',
      },
      places: [
        'home.street',
        'phones.0.number',
        'aliases.0',
        'aliases.1',
        'notes.x',
        'pair.1',
        'kind.name',
        'nick',
        'whole',
      ],
    });
    expect(data).toEqual(before);
    expect(masked(schema, { ...data, home: null, kind: { type: 'service', label: 'l' } }).places).not.toContain(
      'home.street',
    );
  });

  it('cannot hide where they could not be found', () => {
    expect(() => personalFields(z.object({ a: z.lazy(() => personal) }))).toThrow(/lazy/);
    expect(() => personalFields(z.map(z.string(), personal))).toThrow(/map/);
    expect(() => personalFields(z.object({}).catchall(personal))).toThrow(/catchall/);
  });
});
