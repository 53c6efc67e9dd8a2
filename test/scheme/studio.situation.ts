import { environmentOf, type Situation } from './situation.js';
import type { StudioColumn, StudioPlace } from './studio.cells.js';

export const studioSituation: Situation<StudioColumn, StudioPlace> = {
  people: {
    OM: 'mia',
    OA: 'olga',
    operator: 'pia',
    none: 'nora',
    WV: 'vera',
    WC: 'carl',
    WA: 'wanda',
    'OA-implicit': 'adam',
  },
  operators: ['pia'],
  orgs: {
    acme: {
      owner: 'olga',
      members: [
        ['adam', 'org.admin'],
        ...['mia', 'nora', 'vera', 'carl', 'wanda'].map((id) => [id, 'org.member'] as const),
      ],
      environments: [
        ['own', 'workspace'],
        ['administered', 'workspace'],
        ['other', 'workspace'],
      ],
      grants: [
        ['own', 'mia', 'workspace.viewer'],
        ['administered', 'mia', 'workspace.admin'],
        ['own', 'vera', 'workspace.viewer'],
        ['own', 'carl', 'workspace.collaborator'],
        ['own', 'wanda', 'workspace.admin'],
      ],
    },
  },
  resource: (place) => (place === 'org' ? { kind: 'org', orgId: 'acme' } : environmentOf('acme', place)),
};
