import { expect, it } from '@jest/globals';
import { acmeOf, fold, given, nothing, refused } from '../../../test/support/decider.js';
import { orgCommands } from './decisions.js';
import type { OrgEvent } from './events.js';

const created = acmeOf('olga');
const garden: OrgEvent = { type: 'EnvironmentCreated', data: { environmentId: 'garden', name: 'Garden' } };
const gone: OrgEvent = { type: 'EnvironmentDeleted', data: { environmentId: 'garden' } };
const product = { environmentId: 'garden', content: { kind: 'product', id: 'P-1' } } as const;
const project = { environmentId: 'garden', content: { kind: 'project', id: 'P-1' } } as const;
const assigned = (data: typeof product | typeof project): OrgEvent => ({ type: 'ContentAssigned', data });

it('products and projects are assigned, each by its kind and id, and taken out again (V18)', () => {
  given([created, garden])
    .when('AssignContent', product)
    .then([assigned(product)]);
  given([created, garden, assigned(product)])
    .when('AssignContent', project)
    .then([assigned(project)]);
  given([created, garden, assigned(project)])
    .when('UnassignContent', product)
    .then(nothing);
  given([created, garden, assigned(product)])
    .when('UnassignContent', product)
    .then([{ type: 'ContentUnassigned', data: product }]);
});

it('what is assigned goes with the environment, which takes nothing more (V18)', () => {
  const history = [created, garden, assigned(product), gone];
  for (const name of ['AssignContent', 'UnassignContent'] as const) {
    given(history).when(name, product).then(refused('environment_not_found'));
    given([created]).when(name, product).then(refused('environment_not_found'));
  }
  expect(fold('org', history).environments.get('garden')?.contents).toBeUndefined();
});

it('an environment takes 500 of them (V18)', () => {
  const many = Array.from({ length: 500 }, (_, i): OrgEvent => {
    const content = { kind: 'product', id: `p${i}` } as const;
    return { type: 'ContentAssigned', data: { environmentId: 'garden', content } };
  });
  given([created, garden, ...many])
    .when('AssignContent', project)
    .then(refused('contents_full'));
  given([created, garden, ...many.slice(1)])
    .when('AssignContent', project)
    .then([assigned(project)]);
});

it('an id is no address and no path (V18)', () => {
  for (const id of ['ann@acme.test', 'a/b', '', '.', 'a b', 'x'.repeat(129)])
    expect([id, orgCommands.AssignContent.safeParse({ ...product, content: { kind: 'product', id } }).success]).toEqual(
      [id, false],
    );
});
