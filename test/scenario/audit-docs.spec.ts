import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  const people = { admin: { email: 'admin@localhost' }, alice: {}, bob: {}, eve: {} };
  story = await DocumentedStory.start({ realms: 'default=gateway', people, orgId: 'acme' });
  await story.send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await story.send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.member' });
  // The page's own refusals happened before: however far the read models are, its answers look the same.
  for (const sub of ['bob', 'bob', 'eve', 'eve'])
    await story.send(sub, 'orgs/acme', 'RemoveMember', { userId: 'alice' }, sub === 'bob' ? 403 : 404);
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/audit.md works, and answers what stands there', async () => {
  await story.expectAnswers('docs/audit.md', 4);
}, 60_000);
