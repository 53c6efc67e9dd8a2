import type { GatewayColumn, GatewayPlace } from './gateway.cells.js';
import { environmentOf, type Situation } from './situation.js';

const forged = 'a member who forges a header';
const member = 'mel';

export const gatewaySituation: Situation<GatewayColumn, GatewayPlace> = {
  people: { PA: 'pia', 'OA-own': 'olga', 'OA-other': 'olga', 'MB-self': member, 'MB-shared': member },
  // A header says who it is; the token says that it is the member.
  others: {
    [forged]: { PA: member, 'OA-own': member, 'OA-other': member, 'MB-self': member, 'MB-shared': member },
  },
  operators: ['pia'],
  orgs: {
    acme: {
      owner: 'olga',
      members: [
        [member, 'org.member'],
        ['max', 'org.member'],
      ],
      environments: [['routing', 'project']],
    },
    beta: { owner: 'bea', environments: [['routing', 'project']] },
  },
  resource: (place, column, principal) => {
    const orgId = column === 'OA-other' ? 'beta' : 'acme';
    switch (place) {
      case 'realm':
        return { kind: 'realm' };
      case 'org':
        return { kind: 'org', orgId };
      case 'project':
        return environmentOf(orgId, 'routing');
      case 'account':
        return { kind: 'account', ownerId: accountOf(column, principal) };
      case 'forged_account':
        return { kind: 'account', ownerId: 'max' };
    }
  },
};

/** The account that the column is about. */
function accountOf(column: GatewayColumn, principal: string): string {
  if (column === 'OA-other') return 'bea';
  return column === 'MB-shared' ? 'max' : principal;
}
