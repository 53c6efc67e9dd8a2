import { z } from 'zod';
import { own } from '../../access/documents.js';
import { slug, text } from '../../text.js';
import { orgEvent } from '../event.js';
import { secretReference } from '../fields.js';
import { settings, settingsOf, without, withSettings } from '../org.js';

const one = z.strictObject({ keyId: slug });

// Stored format: add event types and optional fields, never change them.
export const providerKeyEvents = {
  ProviderKeyAdded: orgEvent(one.extend({ provider: slug, name: text(200), credential: secretReference }), {
    targets: ({ keyId, provider }) => [keyId, provider],
    touches: () => [settings],
    evolve: (state, { keyId, ...key }) =>
      withSettings(state, { providerKeys: { ...settingsOf(state).providerKeys, [keyId]: key } }),
  }),
  /** The credential before is destroyed. */
  ProviderKeyRotated: orgEvent(one.extend({ credential: secretReference }), {
    targets: ({ keyId }) => [keyId],
    touches: () => [settings],
    evolve: (state, { keyId, credential }) => {
      const { providerKeys = {} } = settingsOf(state);
      const found = own(providerKeys, keyId);
      return found === undefined
        ? state
        : withSettings(state, { providerKeys: { ...providerKeys, [keyId]: { ...found, credential } } });
    },
  }),
  /** Models of the provider are invalid from then on, unless another key of the provider is left (T45). */
  ProviderKeyRemoved: orgEvent(one, {
    targets: ({ keyId }) => [keyId],
    touches: () => [settings],
    evolve: (state, { keyId }) =>
      withSettings(state, { providerKeys: without(settingsOf(state).providerKeys ?? {}, keyId) }),
  }),
};
