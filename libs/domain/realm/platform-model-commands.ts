import { z } from 'zod';
import { own } from '../access/documents.js';
import { refuse } from '../decision.js';
import { slug, text } from '../text.js';
import { realmCommand } from './command.js';

/** The realm's settings are written whole with each change. */
const MAX_MODELS = 500;

/** For personal environments, which show no other models (T41). */
export const platformModelCommands = {
  AddPlatformModel: realmCommand(
    z.strictObject({ modelId: slug, provider: slug, name: text(200) }),
    ({ settings }, { modelId, provider, name }) => {
      const models = settings?.models ?? {};
      const present = own(models, modelId);
      if (present !== undefined)
        return present.provider === provider && present.name === name ? [] : refuse('model_exists');
      if (Object.keys(models).length >= MAX_MODELS) return refuse('platform_models_full');
      return [{ type: 'PlatformModelAdded', data: { modelId, provider, name } }];
    },
  ),

  RemovePlatformModel: realmCommand(z.strictObject({ modelId: slug }), ({ settings }, { modelId }) =>
    own(settings?.models ?? {}, modelId) === undefined ? [] : [{ type: 'PlatformModelRemoved', data: { modelId } }],
  ),
};
