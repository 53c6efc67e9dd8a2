import type { Permission } from '#libs/domain/schemes/actions.js';

/** The machines and auditors that every scheme has beyond its source, and the people beside them. */
export const xRoles = [
  'org.owner',
  'org.admin',
  'a plain member',
  'org.auditor',
  'org.privacy-officer',
  'org.checker',
  'platform.admin',
  'platform.auditor',
  'platform.privacy-officer',
  'platform.checker',
  'a stranger',
] as const;
export type XRole = (typeof xRoles)[number];

/** The organization's role of the plain member; there is no owner beside the admins in two of the schemes. */
export const xSchemes: Readonly<Record<string, { readonly member: string; readonly owner: boolean }>> = {
  enterprise: { member: 'org.participant', owner: true },
  teams: { member: 'org.developer', owner: true },
  studio: { member: 'org.member', owner: false },
  projects: { member: 'org.member', owner: true },
  gateway: { member: 'org.member', owner: false },
};

export interface XRow {
  readonly row: string;
  readonly permissions: readonly Permission[];
  readonly place: 'realm' | 'org' | 'own account' | 'other account';
  readonly holders: readonly XRole[];
  /** Who else holds it, by scheme: where its platform reaches further, or its admins do not. */
  readonly also?: Readonly<Record<string, readonly XRole[]>>;
  /** Where the row is one: its target, its name, and an input that nothing but a missing right stands against. */
  readonly command?: (of: {
    readonly realm: string;
    readonly orgId: string;
  }) => readonly [target: string, name: string, input: object];
}

const admins: readonly XRole[] = ['org.owner', 'org.admin'];
const actingAsAdmin = { gateway: ['platform.admin'] } as const;

/** All of them certain, since they are ours. */
export const xRows: readonly XRow[] = [
  { row: 'X-01', permissions: ['own-decision:evaluate'], place: 'own account', holders: xRoles },
  { row: 'X-01', permissions: ['own-decision:evaluate'], place: 'other account', holders: [] },
  {
    row: 'X-02',
    permissions: ['decision:evaluate', 'decision:search'],
    place: 'org',
    holders: [...admins, 'org.auditor', 'org.checker', 'platform.checker'],
    also: actingAsAdmin,
  },
  {
    row: 'X-03',
    permissions: ['service-account:manage'],
    place: 'org',
    holders: admins,
    also: actingAsAdmin,
    command: ({ orgId }) => [`orgs/${orgId}`, 'CreateServiceAccount', { name: 'Checks', role: 'org.checker' }],
  },
  {
    row: 'X-03',
    permissions: ['platform-service-account:manage'],
    place: 'realm',
    holders: ['platform.admin'],
    command: () => ['realm', 'CreatePlatformServiceAccount', { name: 'Checks', role: 'platform.checker' }],
  },
  {
    row: 'X-04',
    permissions: ['audit:read', 'audit:export', 'history:read', 'evidence:create'],
    place: 'org',
    holders: [...admins, 'org.auditor'],
    also: { gateway: ['platform.admin', 'platform.auditor'] },
  },
  {
    row: 'X-04',
    permissions: ['realm-activity:read'],
    place: 'realm',
    holders: ['platform.admin', 'platform.auditor'],
  },
  {
    row: 'X-05',
    permissions: ['legal-hold:place', 'legal-hold:release'],
    place: 'org',
    holders: ['org.privacy-officer', 'platform.admin'],
    command: ({ realm, orgId }) => [`orgs/${orgId}`, 'PlaceLegalHold', { userId: `mel@${realm}`, matter: 'Case 1' }],
  },
  {
    row: 'X-06',
    permissions: ['subject:export'],
    place: 'org',
    holders: ['org.privacy-officer', 'platform.privacy-officer'],
  },
  {
    row: 'X-06',
    permissions: ['subject:erase'],
    place: 'org',
    // Where people may belong to several organizations, none of these erases them.
    holders: [],
    also: {
      enterprise: ['org.privacy-officer', 'platform.privacy-officer'],
      studio: ['org.privacy-officer', 'platform.privacy-officer'],
    },
    command: ({ realm, orgId }) => [`orgs/${orgId}`, 'EraseMember', { userId: `mel@${realm}` }],
  },
  {
    row: 'X-06',
    permissions: ['platform-subject:export', 'platform-subject:erase'],
    place: 'realm',
    holders: ['platform.privacy-officer'],
    command: ({ realm }) => ['realm', 'EraseUser', { userId: `mel@${realm}` }],
  },
  {
    row: 'X-07',
    permissions: ['access-review:run', 'access-review:attest'],
    place: 'org',
    holders: admins,
    also: actingAsAdmin,
  },
  {
    row: 'X-07',
    permissions: ['access-review:read'],
    place: 'org',
    holders: [...admins, 'org.auditor'],
    also: actingAsAdmin,
  },
  {
    row: 'X-08',
    permissions: ['replay:run', 'projection:rebuild', 'ledger:verify'],
    place: 'realm',
    holders: ['platform.admin'],
  },
];
