import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Resource } from '#libs/domain/access/bindings.js';
import { machineOf } from '#libs/domain/access/machines.js';
import { type Asked, NeededDocuments } from './needed-documents.js';

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
);
const asked: fc.Arbitrary<Asked[]> = fc.array(fc.record({ principal, resource }), { maxLength: 20 });

const nameOf = ({ stream, kind, id: named }: NeededDocuments['keys'][number]) => `${stream}|${kind}|${named}`;

/** What the question rests on, written down for it alone. */
function restsOn({ principal: who, resource: what }: Asked) {
  const machine = machineOf(who);
  const orgOf = 'orgId' in what ? what.orgId : undefined;
  const holder =
    machine === undefined ? `member|${who}` : machine.orgId === orgOf ? `${machine.kind}|${machine.id}` : undefined;
  return {
    person: machine === undefined ? `user-${who}|user|` : undefined,
    org: orgOf && `org-${orgOf}|org|`,
    holder: orgOf && holder && `org-${orgOf}|${holder}`,
    environment: what.kind === 'environment' ? `org-${orgOf}|environment|${what.environmentId}` : undefined,
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
        const org = 'orgId' in what ? needed.org(what.orgId) : undefined;
        expect({
          person: at(needed.person(who)),
          org: at(org?.place),
          holder: at(org?.holder(who)),
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
