import type { ProjectsColumn, ProjectsPlace } from './projects.cells.js';
import { environmentOf, type Situation } from './situation.js';

const children = [
  ['lab', 'environment'],
  ['rules', 'project'],
] as const;

export const projectsSituation: Situation<ProjectsColumn, ProjectsPlace> = {
  people: { OW: 'olga', AD: 'adam', ME: 'mia', NM: 'nora' },
  operators: [],
  orgs: {
    acme: {
      owner: 'olga',
      members: [
        ['adam', 'org.admin'],
        ['mia', 'org.member'],
      ],
      environments: children,
    },
    beta: {
      owner: 'bea',
      members: ['olga', 'adam', 'mia', 'nora'].map((id) => [id, 'org.member'] as const),
      environments: children,
    },
  },
  activeOrg: 'acme',
  resource: (place) => {
    switch (place) {
      case 'realm':
        return { kind: 'realm' };
      case 'org':
        return { kind: 'org', orgId: 'acme' };
      case 'environment':
        return environmentOf('acme', 'lab');
      case 'project':
        return environmentOf('acme', 'rules');
      case 'second_org':
        return { kind: 'org', orgId: 'beta' };
      case 'second_environment':
        return environmentOf('beta', 'lab');
    }
  },
};
