import type { EnterpriseColumn, EnterprisePlace } from './enterprise.cells.js';
import { environmentOf, type Situation } from './situation.js';

export const enterpriseSituation: Situation<EnterpriseColumn, EnterprisePlace> = {
  people: { PA: 'pia', OO: 'olga', OA: 'adam', PT: 'pat' },
  others: { participant: { PA: 'petra' } },
  operators: ['pia', 'petra'],
  orgs: {
    acme: {
      owner: 'olga',
      members: [
        ['adam', 'org.admin'],
        ['pat', 'org.participant'],
        ['petra', 'org.participant'],
      ],
      environments: [
        ['granted', 'environment'],
        ['ungranted', 'environment'],
      ],
      grants: [
        ['granted', 'pat'],
        ['granted', 'petra'],
      ],
    },
    beta: { owner: 'bea', environments: [['other', 'environment']], grants: [['other', 'bea']] },
  },
  resource: (place, _, principal) => {
    switch (place) {
      case 'realm':
        return { kind: 'realm' };
      case 'org':
        return { kind: 'org', orgId: 'acme' };
      case 'granted_environment':
        return environmentOf('acme', 'granted');
      case 'ungranted_environment':
        return environmentOf('acme', 'ungranted');
      case 'other_org_environment':
        return environmentOf('beta', 'other');
      case 'own_personal':
        return { kind: 'personal_environment', ownerId: principal };
      case 'other_personal':
        return { kind: 'personal_environment', ownerId: 'bea' };
    }
  },
};
