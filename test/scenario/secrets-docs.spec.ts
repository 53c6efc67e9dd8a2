import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  const people = { admin: { email: 'admin@localhost' }, alice: {} };
  story = await DocumentedStory.start({ people, orgId: 'acme' });
  await story.send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await story.send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/secrets.md works, and answers what stands there (C24, T27, T33, T41, T45)', async () => {
  await story.expectAnswers('docs/secrets.md', 8);
}, 60_000);
