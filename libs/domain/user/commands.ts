import { z } from 'zod';
import { own } from '../access/documents.js';
import { type CommandDefinition, partsOf } from '../command.js';
import { refuse } from '../decision.js';
import { newKeyFault } from '../keys.js';
import { instant, slug } from '../text.js';
import type { UserEvent, UserState } from './user.js';

const key = z.strictObject({ keyId: slug });

type Command<Schema extends z.ZodType> = CommandDefinition<UserState, UserEvent, Schema>;

const userCommand = <Schema extends z.ZodType>(schema: Schema, decide: Command<Schema>['decide']): Command<Schema> => ({
  schema,
  decide,
});

/** Own keys to all of one's organizations (G11): a key has its person's rights of the moment there, and none elsewhere. */
const personalKeyCommands = {
  CreatePersonalApiKey: userCommand(
    key.partial().extend({ notAfter: instant.optional() }),
    ({ user }, { keyId, notAfter }, { actor: userId, realm, byKey, inSession = false, newId, newKey, at }) => {
      if (byKey) return refuse('not_by_key');
      if (inSession) return refuse('not_in_session');
      const id = keyId ?? newId;
      const fault = newKeyFault(user?.apiKeys ?? {}, id, notAfter, at);
      if (fault !== undefined) return fault;
      const issued = newKey({ kind: 'usr', path: [realm, userId, id] });
      const end = notAfter === undefined ? {} : { notAfter };
      return [{ type: 'PersonalApiKeyCreated', data: { userId, keyId: id, realm, ...issued, ...end } }];
    },
  ),

  RevokePersonalApiKey: userCommand(key, ({ user }, { keyId }, { actor: userId, realm }) =>
    own(user?.apiKeys ?? {}, keyId)?.realm === realm
      ? [{ type: 'PersonalApiKeyRevoked', data: { userId, keyId } }]
      : [],
  ),
};

/** Commands of a person about what is theirs: they append to the person's own stream. */
const definitions = { ...personalKeyCommands };

/** What each command of a person takes. */
export const userCommands = partsOf(definitions, 'schema');

/** The rules of each command of a person. */
export const userDecisions = partsOf(definitions, 'decide');
