import type { SettingsDocument } from '../access/documents.js';
import type { CompiledScheme } from '../schemes/compiled.js';

/** Whether the organization holds a key of the provider. */
export const holdsKeyOf = (settings: SettingsDocument | undefined, provider: string): boolean =>
  Object.values(settings?.providerKeys ?? {}).some((key) => key.provider === provider);

/** Whether a model of the provider may be used: where models come from the organization's own keys, while it holds one (T27, T45). */
export const isModelValid = (
  { document }: CompiledScheme,
  settings: SettingsDocument | undefined,
  provider: string,
): boolean => document.models !== 'own_provider_keys' || holdsKeyOf(settings, provider);
