import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

let story: DocumentedStory;

beforeAll(async () => {
  const people = {
    admin: { email: 'admin@localhost' },
    ada: { realm: 'lab', email: 'ada@lab.test' },
    eve: { realm: 'lab', email: 'eve@elsewhere.test' },
  };
  story = await DocumentedStory.start({ people, orgId: 'bench' });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/realms.md works, and answers what stands there', async () => {
  await story.expectAnswers('docs/realms.md', 7);
}, 60_000);
