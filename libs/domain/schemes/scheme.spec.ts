import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { actions, isPermission } from './actions.js';
import { schemeOf } from './built-in.js';
import { compileScheme } from './compiled.js';
import { enterprise } from './enterprise.js';
import { schemeDocument } from './scheme.js';

type Document = z.input<typeof schemeDocument>;

const person = { key: 'org.person', title: 'Person', scope: 'org' as const };
const smallest: Document = {
  id: 'small',
  version: 1,
  roles: [person],
  sources: { record: true },
  tenancy: { orgsPerUser: null },
  orgCreation: { by: 'any_account', ownerRole: 'org.person' },
  platformReach: { content: false, audit: false, usage: false, actsAsOrgAdmin: false },
  refusals: { audit: 'none', style: 'forbid' },
};
const compiled = (changes: Partial<Document> = {}) => compileScheme(schemeDocument.parse({ ...smallest, ...changes }));

describe('a role scheme', () => {
  it('enterprise parses to itself, and survives storage', () => {
    expect(schemeDocument.parse(enterprise)).toEqual(enterprise);
    expect(schemeDocument.parse(JSON.parse(JSON.stringify(enterprise)))).toEqual(enterprise);
  });

  it('is found by id and version; a reference to one that this build does not hold throws', () => {
    expect(schemeOf({ id: 'enterprise', version: 1 }).document).toEqual(enterprise);
    expect(() => schemeOf({ id: 'enterprise', version: 2 })).toThrow('no role scheme enterprise version 2');
    expect(() => schemeOf({ id: 'constructor', version: 1 })).toThrow('no role scheme');
  });

  it('gives every inheriting role what it inherits (owner over admin over participant)', () => {
    const { holders } = schemeOf({ id: 'enterprise', version: 1 });
    for (const roles of holders.values()) {
      if (roles.has('org.participant')) expect(roles).toContain('org.admin');
      if (roles.has('org.admin')) expect(roles).toContain('org.owner');
    }
    expect(holders.get('org:view')).toEqual(new Set(['org.owner', 'org.admin', 'org.participant']));
  });

  it('gives a role what its ancestors imply in every child', () => {
    const { implied } = schemeOf({ id: 'enterprise', version: 1 });
    expect(implied.get('org.owner')).toEqual(['environment.user']);
    expect(implied.get('org.admin')).toEqual(['environment.user']);
    expect(implied.get('org.participant')).toEqual([]);
  });

  it('leaves no permission of the catalogue without a holder, but those that nobody may have', () => {
    const { holders } = schemeOf({ id: 'enterprise', version: 1 });
    expect(Object.keys(actions).filter((name) => isPermission(name) && !holders.has(name))).toEqual(['owner:remove']);
  });

  it('is refused when roles inherit in a circle', () => {
    const circle = [
      { ...person, inherits: ['org.b'] },
      { ...person, key: 'org.b', inherits: ['org.c'] },
      { ...person, key: 'org.c', inherits: ['org.person'] },
    ];
    expect(() => compiled({ roles: circle })).toThrow('circle: org.person > org.b > org.c > org.person');
    expect(() => compiled({ roles: [{ ...person, inherits: ['org.person'] }] })).toThrow('circle');
  });

  it('takes a role that inherits the same one twice over', () => {
    const roles: Document['roles'] = [
      { ...person, inherits: ['org.b', 'org.c'] },
      { ...person, key: 'org.b', inherits: ['org.d'] },
      { ...person, key: 'org.c', inherits: ['org.d'] },
      { ...person, key: 'org.d', permissions: ['org:view'] },
    ];
    expect(compiled({ roles }).holders.get('org:view')?.size).toBe(4);
  });

  it('is refused when two roles share a key', () => {
    expect(() => compiled({ roles: [person, person] })).toThrow('same key');
  });

  const ghost = 'org.ghost';
  const namesGhost: [string, Partial<Document>][] = [
    ['a role that inherits', { roles: [{ ...person, inherits: [ghost] }] }],
    ['everyone', { sources: { record: true, everyone: [ghost] } }],
    ['the creator', { sources: { record: true, creator: ghost } }],
    ['the default', { sources: { record: true, default: ghost } }],
    ['a group', { sources: { record: true, idpGroup: ghost } }],
    ['the allowlist', { sources: { record: true, emailAllowlist: { role: ghost, breakGlass: true } } }],
    ['the system user', { sources: { record: true, systemUser: ghost } }],
    ['an implication, from', { implicit: [{ from: ghost, to: person.key }] }],
    ['an implication, to', { implicit: [{ from: person.key, to: ghost }] }],
    ['an override, from', { override: { scope: 'workspace', mode: 'raise', allowed: { [ghost]: [] } } }],
    ['an override, to', { override: { scope: 'workspace', mode: 'raise', allowed: { [person.key]: [ghost] } } }],
    ['a grant', { grants: [{ on: 'environment', grantee: ['user'], effect: ghost }] }],
    ['the creation', { orgCreation: { by: 'platform', ownerRole: ghost } }],
    ['a transfer, role', { transfer: { role: ghost, target: [person.key], former: person.key } }],
    ['a transfer, target', { transfer: { role: person.key, target: [ghost], former: person.key } }],
    ['a transfer, former', { transfer: { role: person.key, target: [person.key], former: ghost } }],
    ['an invitation', { invitations: { batchMax: 1, forbidRoles: [ghost], countPending: true, ttlHours: 1 } }],
  ];
  it.each(namesGhost)('is refused when it names an unknown role: %s', (_, changes) => {
    expect(() => compiled(changes)).toThrow(ghost);
  });

  it.each<[string, object]>([
    ['an unknown permission', { roles: [{ ...person, permissions: ['org:explode'] }] }],
    ['a property of Object as a permission', { roles: [{ ...person, permissions: ['constructor'] }] }],
    ['no roles', { roles: [] }],
    ['an unknown option', { surprise: true }],
    ['a maximum of no holders', { roles: [{ ...person, holders: { min: 0, max: 0 } }] }],
    ['more holders at least than at most', { roles: [{ ...person, holders: { min: 2, max: 1 } }] }],
  ])('does not parse with %s', (_, changes) => {
    expect(schemeDocument.safeParse({ ...smallest, ...changes }).success).toBe(false);
  });
});
