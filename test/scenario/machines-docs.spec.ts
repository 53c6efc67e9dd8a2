import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  const people = { admin: { email: 'admin@localhost' }, alice: {}, bob: {}, gateway: {} };
  story = await DocumentedStory.start({ people, orgId: 'acme' });
  await story.send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await story.send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await story.send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  const grantee = { type: 'user', id: 'bob' };
  await story.send('alice', 'orgs/acme', 'GrantEnvironmentAccess', { environmentId: 'production', grantee });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/machines.md works, and answers what stands there (X-02, X-03, G11, T42, T46)', async () => {
  await story.expectAnswers('docs/machines.md', 10);
}, 60_000);
