import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  story = await DocumentedStory.start({ people: { admin: { email: 'admin@localhost' }, alice: {} }, orgId: 'acme' });
  await story.send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  for (const environmentId of ['production', 'staging'])
    await story.send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId, name: 'Production' });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/feed.md works, and answers what stands there', async () => {
  await story.expectAnswers('docs/feed.md', 3);
}, 60_000);
