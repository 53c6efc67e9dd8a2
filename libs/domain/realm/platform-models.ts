import { z } from 'zod';
import type { Evolution } from '../event.js';
import { slug, text } from '../text.js';
import type { RealmSettings, RealmState } from './events.js';

const named = z.strictObject({ modelId: slug });
const model = named.extend({ provider: slug, name: text(200) });

// Stored format: add event types and optional fields, never change them.
export const platformModelEvents = {
  /** Of the platform's own; personal environments show these and no others (T41). */
  PlatformModelAdded: model,
  PlatformModelRemoved: named,
};

type Models = NonNullable<RealmSettings['models']>;
const touches = () => [{ kind: 'settings', id: '' } as const];
const withModels = (state: RealmState, change: (models: Models) => Models): RealmState => ({
  ...state,
  settings: { ...state.settings, models: change(state.settings?.models ?? {}) },
});

export const platformModelEvolutions: {
  readonly [Type in keyof typeof platformModelEvents]: Evolution<
    RealmState,
    z.output<(typeof platformModelEvents)[Type]>
  >;
} = {
  PlatformModelAdded: {
    touches,
    evolve: (state, { modelId, ...added }) => withModels(state, (models) => ({ ...models, [modelId]: added })),
  },
  PlatformModelRemoved: {
    touches,
    evolve: (state, { modelId }) =>
      withModels(state, (models) => {
        const { [modelId]: _, ...left } = models;
        return left;
      }),
  },
};
