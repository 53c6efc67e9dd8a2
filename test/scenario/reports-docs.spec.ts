import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';
import { TestClock } from '../support/world.js';

const clock = new TestClock();
let story: DocumentedStory;
let before = '';

beforeAll(async () => {
  const people = {
    admin: { email: 'admin@localhost' },
    alice: { email: 'alice@acme.test' },
    bob: { email: 'bob@acme.test' },
  };
  story = await DocumentedStory.start({ clock, people, orgId: 'acme' });
  const send = async (...sent: Parameters<DocumentedStory['send']>) => {
    await story.send(...sent);
    clock.advance(1000);
  };
  await send('admin', 'realm', 'CreateOrg', { orgId: 'acme', name: 'Acme Inc.', ownerId: 'alice' });
  await send('alice', 'orgs/acme', 'CreateEnvironment', { environmentId: 'production', name: 'Production' });
  await send('alice', 'orgs/acme', 'AddMember', { userId: 'bob', role: 'org.participant' });
  await story.api.http.send({ path: '/v1/me', headers: { authorization: await story.bearer('bob') } });
  const grant = { environmentId: 'production', grantee: { type: 'user', id: 'bob' } };
  await send('alice', 'orgs/acme', 'GrantEnvironmentAccess', grant);
  before = new Date(clock.now()).toISOString();
  clock.advance(1000);
  await send('alice', 'orgs/acme', 'RevokeEnvironmentAccess', grant);
  await send('alice', 'orgs/acme', 'RemoveMember', { userId: 'bob' });
}, 60_000);
afterAll(() => story?.stop());

it('every command of docs/reports.md works, and answers what stands there', async () => {
  await story.expectAnswers('docs/reports.md', 3, `before=${before}`);
}, 60_000);
