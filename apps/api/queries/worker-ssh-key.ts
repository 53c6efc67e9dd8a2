import { createHash } from 'node:crypto';
import { z } from 'zod';
import { nothing, ofOrg, onOrg, query } from './query-row.js';
import { settingsIn } from './stored-settings.js';

export const workerSshKeyQueries = {
  WorkerSshKey: query({
    path: '/v1/orgs/{orgId}/worker-ssh-key',
    summary: "The workers' public SSH key, to be allowed wherever they are to connect to",
    params: ofOrg,
    filter: nothing,
    needs: (params) => [onOrg('ssh-key:view', params)],
    answer: z.object({
      publicKey: z.string(),
      fingerprint: z.string().meta({ description: 'As `ssh-keygen -l` shows it' }),
      setAt: z.string(),
    }),
    ask: async ({ orgId }, _, { services }) => {
      const found = (await settingsIn(services.reads, orgId))?.workerSshKey;
      return found && { ...found, fingerprint: fingerprintOf(found.publicKey) };
    },
  }),
} as const;

function fingerprintOf(publicKey: string): string {
  const [, encoded = ''] = publicKey.split(' ');
  return `SHA256:${createHash('sha256').update(encoded, 'base64').digest('base64').replace(/=+$/, '')}`;
}
