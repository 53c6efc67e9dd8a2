import { z } from 'zod';
import type { Effects } from '#libs/application/history/effects.js';
import { changeShape, shownChange } from '../queries/history-shapes.js';

const move = <Value extends z.ZodType>(value: Value) => z.object({ before: value, after: value });

const told = z.object({
  changes: z
    .array(changeShape)
    .meta({ description: 'As the access-diff tells them; each cause is an event of this answer' }),
  limits: z.array(
    z.object({
      limited: z.string(),
      limit: move(z.int().nullable()).meta({ description: 'null: any number' }),
      usage: move(z.int()),
    }),
  ),
  more: z.literal(true).optional().meta({ description: 'There are more changes than these' }),
});

const withheld = z.object({
  withheld: z.enum(['forbidden', 'stale_read', 'whole_realm']),
  permission: z.literal('audit:read').optional().meta({ description: 'What the caller would have to hold' }),
});

export const effectsShape = z.union([told, withheld]).meta({
  description: 'On a dry run: who would gain and lose access, and which limits of the plan would move',
  examples: [
    {
      changes: [
        {
          principal: 'bob',
          resource: { type: 'environment', id: 'acme/production' },
          change: 'gained',
          roles: ['environment.user'],
          permissions: ['environment:see', 'environment:use'],
          cause: {
            kind: 'event',
            id: '0d3c3c9e-4f0f-5f53-9d0c-3d3d4c0f2a11',
            type: 'EnvironmentAccessGranted',
            stream: 'org-acme',
            revision: '5',
            at: '2026-03-01T12:00:00.000Z',
            actor: 'alice',
            command: 'GrantEnvironmentAccess',
          },
        },
      ],
      limits: [{ limited: 'members', limit: { before: 5, after: 5 }, usage: { before: 2, after: 3 } }],
    },
    { withheld: 'forbidden', permission: 'audit:read' },
  ],
});

export function shownEffects(effects: Effects): z.input<typeof effectsShape> {
  if (effects.kind === 'denied') return { withheld: 'forbidden', permission: 'audit:read' };
  if (effects.kind === 'stale') return { withheld: 'stale_read' };
  if (effects.kind === 'realm') return { withheld: 'whole_realm' };
  const { changes, limits, more, environments } = effects;
  return {
    changes: changes.map((change) => shownChange(change, environments)),
    limits: [...limits],
    ...(more ? { more } : {}),
  };
}
