import { z } from 'zod';
import { slug, text } from '../text.js';

const named = z.strictObject({ modelId: slug });

// Stored format: add event types and optional fields, never change them.
export const platformModelEvents = {
  /** Of the platform's own; personal environments show these and no others (T41). */
  PlatformModelAdded: named.extend({ provider: slug, name: text(200) }),
  PlatformModelRemoved: named,
};
