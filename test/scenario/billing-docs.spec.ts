import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  const people = { op: { email: 'admin@localhost' }, liu: {}, max: {}, biller: {} };
  story = await DocumentedStory.start({ realms: 'rules=projects', people, orgId: 'factory' });
  await story.send('liu', 'realm', 'CreateOrg', { orgId: 'factory', name: 'Factory', ownerId: 'liu@rules' });
  await story.send('liu', 'orgs/factory', 'AddMember', { userId: 'max@rules', role: 'org.member' });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/billing.md works, and answers what stands there', async () => {
  await story.expectAnswers('docs/billing.md', 5);
}, 60_000);
