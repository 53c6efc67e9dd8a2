import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';
import { TestClock } from '../support/world.js';

const clock = new TestClock();
let story: DocumentedStory;
let before = '';

beforeAll(async () => {
  const people = { admin: { email: 'admin@localhost' }, alice: {}, bob: {} };
  story = await DocumentedStory.start({ clock, people, orgId: 'acme' });
  const send = async (...sent: Parameters<DocumentedStory['send']>) => {
    await story.send(...sent);
    clock.advance(1000);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  const grant = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } };
  await send('alice', 'orgs/acme', 'GrantEnvironmentAccess', grant);
  before = new Date(clock.now()).toISOString();
  clock.advance(1000);
  await send('alice', 'orgs/acme', 'RevokeEnvironmentAccess', grant);
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/history.md works where the first story has led, and answers what stands there', async () => {
  await story.expectAnswers('docs/history.md', 4, `before=${before}`);
}, 60_000);
