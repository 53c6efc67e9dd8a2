import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  const people = { op: { email: 'admin@localhost' }, gus: {}, mel: {}, meter: {} };
  story = await DocumentedStory.start({ realms: 'gate=gateway', people, orgId: 'gated' });
  await story.send('op', 'realm', 'CreateOrg', { orgId: 'gated', name: 'Gated', ownerId: 'gus@gate' });
  await story.send('gus', 'orgs/gated', 'AddMember', { userId: 'mel@gate', role: 'org.member' });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/usage.md works, and answers what stands there', async () => {
  await story.expectAnswers('docs/usage.md', 6);
}, 60_000);
