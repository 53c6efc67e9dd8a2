import { environmentOf, type Situation } from './situation.js';
import type { TeamsColumn, TeamsPlace } from './teams.cells.js';

export const teamsSituation: Situation<TeamsColumn, TeamsPlace> = {
  people: { OW: 'olga', AD: 'adam', DV: 'dev', VW: 'vera' },
  others: { raised: { DV: 'dora', VW: 'vic' } },
  operators: [],
  orgs: {
    acme: {
      owner: 'olga',
      members: [
        ['adam', 'org.admin'],
        ['dev', 'org.developer'],
        ['dora', 'org.developer'],
        ['vera', 'org.viewer'],
        ['vic', 'org.viewer'],
      ],
      environments: [
        ['assigned', 'workspace'],
        ['second', 'workspace'],
        ['unassigned', 'workspace'],
      ],
      grants: [
        ['assigned', 'dev'],
        ['assigned', 'vera'],
        ['assigned', 'dora', 'workspace.admin'],
        ['assigned', 'vic', 'workspace.developer'],
        ...['dev', 'vera', 'dora', 'vic'].map((user) => ['second', user] as const),
      ],
    },
  },
  resource: (place) => (place === 'org' ? { kind: 'org', orgId: 'acme' } : environmentOf('acme', place)),
};
