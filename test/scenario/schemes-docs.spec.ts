import { afterAll, beforeAll, it } from '@jest/globals';
import { DocumentedStory } from '../support/documented-story.js';

/** Everybody on the page; those with an address show it as verified. */
const people = {
  root: { email: 'admin@localhost' },
  olga: {},
  ada: {},
  pat: {},
  john: { realm: 'team' },
  vera: { realm: 'team', email: 'vera@johns.test' },
  mia: { realm: 'atelier' },
  nora: { realm: 'atelier' },
  oz: { realm: 'atelier', email: 'admin@localhost' },
  liu: { realm: 'rules' },
  max: { realm: 'rules' },
  op: { realm: 'gate', email: 'admin@localhost' },
  gus: { realm: 'gate' },
  mel: { realm: 'gate' },
};

let story: DocumentedStory;

beforeAll(async () => {
  const realms = 'default=enterprise,team=teams,atelier=studio,rules=projects,gate=gateway';
  story = await DocumentedStory.start({ realms, people, orgId: 'acme' });
}, 60_000);
afterAll(() => story?.stop());

it('the story of every scheme in docs/schemes.md works word for word', async () => {
  await story.expectAnswers(
    'docs/schemes.md',
    22,
    `decisions() { sed -E 's/,"context":\\{[^}]*\\}//g'; }
     who() { sed -E 's/,"(roles|permissions)":\\[[^]]*\\]//g; s/,"cause":\\{[^}]*\\}//g; s/.*"effects"://; s/\\}$//'; }`,
  );
}, 120_000);
