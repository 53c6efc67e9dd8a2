import { expect, it } from '@jest/globals';
import fc from '../../test/support/fast-check.js';
import type { Resource } from '#libs/domain/access/bindings.js';
import { machineOf } from '#libs/domain/access/machines.js';
import { type Asked, NeededDocuments, orgOf } from './needed-documents.js';

const orgId = fc.constantFrom('acme', 'globex');
const id = fc.constantFrom('a', 'b');
const principal = fc.oneof(
  fc.constantFrom('ann', 'bob'),
  fc.tuple(fc.constantFrom('service', 'workflow'), orgId, id).map(([kind, org, each]) => `${kind}:${org}/${each}`),
  fc.constant('service:@main/a'),
);
const resource: fc.Arbitrary<Resource> = fc.oneof(
  fc.constant({ kind: 'realm' } as const),
  fc.record({ kind: fc.constant('org'), orgId }),
  fc.record({ kind: fc.constant('environment'), orgId, environmentId: id }),
  fc.record({ kind: fc.constant('account'), ownerId: fc.constant('ann') }),
  fc.record({ kind: fc.constant('personal_environment'), ownerId: fc.constantFrom('ann', 'bob') }),
);
const asked: fc.Arbitrary<Asked[]> = fc.array(fc.record({ principal, resource }), { maxLength: 20 });

const nameOf = ({ stream, kind, id: named }: NeededDocuments['keys'][number]) => `${stream}|${kind}|${named}`;

/** What the question rests on, written down for it alone. */
function restsOn({ principal: who, resource: what }: Asked) {
  const machine = machineOf(who);
  const isAtHome = what.kind === 'personal_environment' && machine?.kind === 'workflow';
  const org = 'orgId' in what ? what.orgId : isAtHome ? machine.orgId : undefined;
  const holder =
    machine === undefined ? `member|${who}` : machine.orgId === org ? `${machine.kind}|${machine.id}` : undefined;
  return {
    person: machine === undefined ? `user-${who}|user|` : undefined,
    org: org && `org-${org}|org|`,
    holder: org && holder && `org-${org}|${holder}`,
    owner: isAtHome ? `org-${machine.orgId}|member|${what.ownerId}` : undefined,
    environment: what.kind === 'environment' ? `org-${org}|environment|${what.environmentId}` : undefined,
  };
}

it('names each document that questions rest on once, those of a stream together, and finds it again for each question', () => {
  fc.assert(
    fc.property(asked, (questions) => {
      const needed = new NeededDocuments('main', questions);
      const names = needed.keys.map(nameOf);
      const at = (place: number | undefined) => (place === undefined ? undefined : names[place]);
      for (const question of questions) {
        const { principal: who, resource: what } = question;
        const orgId = orgOf(question);
        const org = orgId === undefined ? undefined : needed.org(orgId);
        expect({
          person: at(needed.person(who)),
          org: at(org?.place),
          holder: at(org?.holder(who)),
          owner: what.kind === 'personal_environment' ? at(org?.holder(what.ownerId)) : undefined,
          environment: what.kind === 'environment' ? at(org?.environment(what.environmentId)) : undefined,
        }).toEqual(restsOn(question));
      }
      const all = questions.flatMap((question) => Object.values(restsOn(question)));
      expect(new Set(names)).toEqual(new Set(['realm-main|realm|', ...all.filter((name) => name !== undefined)]));
      const streams = needed.keys.map(({ stream }) => stream);
      expect(names).toHaveLength(new Set(names).size);
      expect(streams.filter((stream, i) => stream !== streams[i - 1])).toHaveLength(new Set(streams).size);
    }),
  );
});
