import { describe } from '@jest/globals';
import { ProcessTier } from '#libs/access/process-tier.js';
import { describeCachingTier } from './tier.contract.js';

describe('the tier in the process', () => {
  describeCachingTier(async () => {
    const tier = new ProcessTier(1000);
    return {
      tier,
      advance: async (truth, revision) => tier.apply(truth.change(revision, revision)),
      stop: async () => {},
    };
  });
});
