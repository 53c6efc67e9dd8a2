import { z } from 'zod';
import { own } from '../../access/documents.js';
import type { Decision } from '../../decision.js';
import { refuse } from '../../decision.js';
import { newKeyFault } from '../../keys.js';
import { instant, slug } from '../../text.js';
import { orgCommand, person } from '../command.js';
import type { OrgEvent } from '../events.js';
import type { OrgState } from '../org.js';

const key = z.strictObject({ keyId: slug });

/** Members' own keys to an organization (G11). A key has its person's rights there, and none elsewhere. */
export const apiKeyCommands = {
  CreateApiKey: orgCommand(
    key.partial().extend({ notAfter: instant.optional() }),
    ({ org, members }, { keyId, notAfter }, { actor, byKey, newId, newKey, at }) => {
      const found = members.get(actor);
      if (found === undefined) return refuse('member_not_found');
      if (byKey) return refuse('not_by_key');
      const id = keyId ?? newId;
      const fault = newKeyFault(found.apiKeys ?? {}, id, notAfter, at);
      if (fault !== undefined) return fault;
      const issued = newKey({ kind: 'api', path: [org.id, actor, id] });
      const end = notAfter === undefined ? {} : { notAfter };
      return [{ type: 'ApiKeyCreated', data: { userId: actor, keyId: id, ...issued, ...end } }];
    },
  ),

  /** Whoever found a key may at least end it. */
  RevokeApiKey: orgCommand(key, (state, { keyId }, { actor }) => revoked(state, actor, keyId)),

  /** Of somebody else (G-M19). */
  RevokeMemberApiKey: orgCommand(person.extend({ keyId: slug }), (state, { userId, keyId }) =>
    revoked(state, userId, keyId),
  ),
};

function revoked({ members }: OrgState, userId: string, keyId: string): Decision<OrgEvent> {
  const present = own(members.get(userId)?.apiKeys ?? {}, keyId);
  return present === undefined ? [] : [{ type: 'ApiKeyRevoked', data: { userId, keyId } }];
}
