import { z } from 'zod';
import { own, type ProviderKey } from '../../access/documents.js';
import { type Refusal, refuse } from '../../decision.js';
import { slug, text } from '../../text.js';
import { orgCommand } from '../command.js';
import { secretReference } from '../fields.js';
import { type OrgState, settingsOf } from '../org.js';

/** The settings document is written whole with each change. */
const MAX_KEYS = 100;

/** Keys of AI providers (T21, T22, C23). The rules see a reference only: the credential itself was sealed before. */
export const providerKeyCommands = {
  AddProviderKey: orgCommand(
    z.strictObject({ keyId: slug.optional(), provider: slug, name: text(200), credential: secretReference }),
    (state, { keyId, provider, name, credential }, { newId }) => {
      if (state.org.status !== 'active') return refuse('org_not_found');
      const { providerKeys = {} } = settingsOf(state);
      const id = keyId ?? newId;
      const present = own(providerKeys, id);
      if (present !== undefined) {
        const same = present.provider === provider && present.name === name && isSame(present, credential);
        return same ? [] : refuse('provider_key_exists');
      }
      if (Object.keys(providerKeys).length >= MAX_KEYS) return refuse('provider_keys_full');
      return [{ type: 'ProviderKeyAdded', data: { keyId: id, provider, name, credential } }];
    },
  ),

  RotateProviderKey: orgCommand(
    z.strictObject({ keyId: slug, credential: secretReference }),
    (state, { keyId, credential }) => {
      const found = activeKey(state, keyId);
      if ('refused' in found) return found;
      return isSame(found, credential) ? [] : [{ type: 'ProviderKeyRotated', data: { keyId, credential } }];
    },
  ),

  RemoveProviderKey: orgCommand(z.strictObject({ keyId: slug }), (state, { keyId }) => {
    if (state.org.status !== 'active') return refuse('org_not_found');
    return own(settingsOf(state).providerKeys ?? {}, keyId) === undefined
      ? []
      : [{ type: 'ProviderKeyRemoved', data: { keyId } }];
  }),
};

function activeKey(state: OrgState, keyId: string): ProviderKey | Refusal {
  if (state.org.status !== 'active') return refuse('org_not_found');
  return own(settingsOf(state).providerKeys ?? {}, keyId) ?? refuse('provider_key_not_found');
}

const isSame = ({ credential: { fingerprint } }: ProviderKey, other: ProviderKey['credential']): boolean =>
  fingerprint === other.fingerprint;
