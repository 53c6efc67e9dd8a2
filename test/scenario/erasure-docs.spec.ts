import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  const named = (name: string) => ({ name });
  const people = { paul: named('paul'), petra: named('petra'), alice: named('alice'), bob: named('bob') };
  story = await DocumentedStory.start({ people: { admin: { email: 'admin@localhost' }, ...people }, orgId: 'acme' });
  await story.send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await story.send('admin', 'realm', 'AddPlatformAdmin', { userId: 'paul' });
  await story.send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  await story.api.http.send({ path: '/v1/me', headers: { authorization: await story.bearer('bob') } });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/erasure.md works, and answers what stands there', async () => {
  await story.expectAnswers('docs/erasure.md', 4, 'realm=$URL/v1/realm');
}, 60_000);
