import type { usageCommands } from '#libs/domain/usage/commands.js';
import { type CommandRow, onOrg } from './row.js';

type UsageRows = {
  readonly [Name in keyof typeof usageCommands]: CommandRow<'org', (typeof usageCommands)[Name]>;
};

const byMeter: CommandRow<'org'>['needs'] = ({ orgId }) => [onOrg(orgId, 'usage:record')];

/** Commands that append to an organization's usage; services of the platform send them. */
export const usageRows: UsageRows = {
  RecordUsage: {
    target: 'org',
    summary: 'Record what was used, added up by whoever meters; caps do not stand against what has happened',
    example: {
      lines: [
        {
          userId: 'bob',
          environmentId: 'production',
          provider: 'openai',
          model: 'gpt-4o',
          day: '2026-11-21',
          requests: 12,
          inputTokens: 41_000,
          outputTokens: 9_300,
          cost: { thousandths: 19_300, currency: 'EUR' },
        },
      ],
    },
    needs: byMeter,
  },
  AdmitUsage: {
    target: 'org',
    summary: 'Record what is about to be used, unless a budget or a limit of the plan would be passed by it',
    example: { lines: [{ userId: 'bob', environmentId: 'production', runs: 1 }] },
    needs: byMeter,
  },
  RecordBlockedRequest: {
    target: 'org',
    summary: 'Record that a request was not let through, and why; never what it asked',
    example: { userId: 'bob', environmentId: 'production', model: 'gpt-4o', reason: 'guardrail', rule: 'card-numbers' },
    needs: byMeter,
  },
};
