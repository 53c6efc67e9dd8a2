import { describe, expect, it } from '@jest/globals';
import { actions } from './actions.js';
import { builtInSchemes, schemeOf } from './built-in.js';
import { schemeDocument } from './scheme.js';

/** Nobody may ever do these: the rows of the sources that deny them to everyone. */
const forNobody = ['admin:invite', 'self:promote'];

describe.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))(
  'the scheme %s',
  (id, { document, holders, roles }) => {
    it('parses to itself, and survives storage', () => {
      expect(schemeDocument.parse(document)).toEqual(document);
      expect(schemeDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    });

    it('is found by id and version; a reference to one that this build does not hold throws', () => {
      expect(schemeOf({ id, version: 1 }, undefined).document).toEqual(document);
      expect(() => schemeOf({ id, version: 2 }, undefined)).toThrow(`no role scheme ${id} version 2`);
    });

    it('gives every inheriting role what it inherits (P7)', () => {
      for (const held of holders.values())
        for (const { key, inherits } of roles.values())
          for (const parent of inherits) if (held.has(parent)) expect(held).toContain(key);
    });

    it('lets no role of a child hold what is asked of the organization (P6)', () => {
      for (const [permission, held] of holders)
        for (const key of held)
          if (['environment', 'workspace', 'project'].includes(roles.get(key)?.scope ?? ''))
            expect([key, permission, actions[permission].scope]).toEqual([key, permission, 'environment']);
    });

    it('gives content of organizations to no platform role (P8, T13)', () => {
      for (const [permission, held] of holders)
        if ('reach' in actions[permission] && actions[permission].reach === 'content')
          expect([permission, [...held].filter((key) => key.startsWith('platform.'))]).toEqual([permission, []]);
    });

    it('leaves operations to the platform (X-08), and gives nobody what nobody may do', () => {
      for (const operation of ['replay:run', 'projection:rebuild', 'ledger:verify'] as const)
        expect([...(holders.get(operation) ?? [])]).toEqual(['platform.admin']);
      expect(forNobody.filter((name) => [...holders.keys()].some((held) => held === name))).toEqual([]);
    });
  },
);

describe('the built-in schemes', () => {
  it('leave no permission of the catalogue without a holder in any of them, but those that nobody may have', () => {
    const held = new Set(builtInSchemes.flatMap(({ holders }) => [...holders.keys()]));
    expect(Object.keys(actions).filter((name) => ![...held].some((each) => each === name))).toEqual(forNobody);
  });

  it('give a role what its ancestors imply in every child', () => {
    const { implied } = schemeOf({ id: 'enterprise', version: 1 }, undefined);
    expect(implied.get('org.owner')).toEqual(['environment.user']);
    expect(implied.get('org.admin')).toEqual(['environment.user']);
    expect(implied.get('org.participant')).toEqual([]);
    expect(
      schemeOf({ id: 'projects', version: 1 }, undefined).children.get('project')?.implied.get('org.owner'),
    ).toEqual(['project.worker']);
  });

  it('are not found under the name of a property of every object', () => {
    expect(() => schemeOf({ id: 'constructor', version: 1 }, undefined)).toThrow('no role scheme');
  });
});
