import { z } from 'zod';
import { nothing, query } from './query-row.js';

const projection = z.object({
  name: z.string(),
  version: z.int(),
  state: z
    .enum(['starting', 'following', 'behind', 'retrying', 'waiting', 'halted'])
    .meta({ description: '`waiting`: a newer build is needed; `halted`: a person has to act' }),
  position: z.string().optional().meta({ description: 'Absent while nothing was projected' }),
  lag: z.object({
    events: z.int().meta({ description: 'Events of the log beyond the position' }),
    atLeast: z.boolean().meta({ description: 'Whether the events were not counted to the end' }),
    ms: z.int().meta({ description: 'Age of the oldest of these events' }),
  }),
  error: z
    .object({
      name: z.string(),
      message: z.string(),
      event: z.object({ stream: z.string(), revision: z.string(), type: z.string() }).optional(),
    })
    .optional(),
});

const parked = z.object({
  orgId: z.string(),
  since: z.string(),
  revision: z.string().meta({ description: 'The first one that is not in the read models' }),
  position: z.string(),
  projection: z.string(),
  error: z.string(),
});

export const projectionQueries = {
  Projections: query({
    path: '/v1/projections',
    summary: 'How far each projection is behind the log, and which organizations stand still',
    params: nothing,
    filter: nothing,
    needs: () => [{ permission: 'org:list', resource: { kind: 'realm' } }],
    answer: z.object({ projections: z.array(projection), parked: z.array(parked) }),
    ask: (_, __, { services }) => services.projections(),
  }),
} as const;
