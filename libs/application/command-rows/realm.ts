import { exampleScheme } from './scheme-example.js';
import { onRealm, type TableOf } from './row.js';

const role = { userId: 'petra', role: 'platform.privacy-officer' };
const account = { accountId: 'gateway' };
/** Whoever gets hold of a key to an account must be allowed to give its role (no escalation). */
const managingAccounts = () => [...onRealm('platform-service-account:manage')(), ...onRealm('platform-role:assign')()];

export const realmRows = {
  AssignPlatformRole: {
    target: 'realm',
    summary: "Assign one of the platform's own roles",
    example: { ...role, notAfter: '2027-12-31T00:00:00.000Z' },
    needs: onRealm('platform-role:assign'),
  },
  ConfirmPlatformRole: {
    target: 'realm',
    summary: "Confirm one of the platform's roles that somebody else has assigned to a third",
    example: role,
    needs: onRealm('platform-role:assign'),
  },
  RevokePlatformRole: {
    target: 'realm',
    summary: "Take one of the platform's own roles away",
    example: role,
    needs: onRealm('platform-role:assign'),
  },
  AddPlatformAdmin: {
    target: 'realm',
    summary: "Put a person into the platform's own team, where the scheme has one",
    example: { userId: 'petra', role: 'admin' },
    needs: onRealm('platform-role:assign'),
  },
  RemovePlatformAdmin: {
    target: 'realm',
    summary: "Take a person out of the platform's own team",
    example: { userId: 'petra' },
    needs: onRealm('platform-role:assign'),
  },
  DefineRoleScheme: {
    target: 'realm',
    summary:
      'Define a version of a role scheme, as a document; it decides nothing until it is adopted or an organization moved',
    example: { document: exampleScheme },
    needs: onRealm('role-scheme:define'),
  },
  AdoptRoleScheme: {
    target: 'realm',
    summary: 'Let organizations begin under a version of a role scheme, and the realm itself run it',
    example: { schemeId: 'enterprise', version: 2 },
    needs: onRealm('role-scheme:define'),
  },
  SetPricing: {
    target: 'realm',
    summary: 'Set the platform-wide prices, a document that tenantry keeps and does not look into',
    example: { document: { 'gpt-4o': { inputPerMillion: 250, outputPerMillion: 1000, currency: 'EUR' } } },
    needs: onRealm('pricing:set'),
  },
  CreateRealm: {
    target: 'realm',
    summary: "Create a realm of the deployment, with who administers it; from the deployment's first realm alone",
    example: { realmId: 'studio', schemeId: 'studio', adminEmails: ['ada@studio.test'] },
    needs: onRealm('realm:create'),
  },
  SetLoginMethods: {
    target: 'realm',
    summary: 'Set the ways to sign in that a login page offers, in its order',
    example: { methods: ['google', 'password'] },
    needs: onRealm('login-method:set'),
  },
  SetSignUpRules: {
    target: 'realm',
    summary:
      'Set who may come for the first time without being asked: anybody, people with addresses of domains, nobody',
    example: { rule: 'domains', domains: ['acme.test'] },
    needs: onRealm('sign-up:set'),
  },
  SetRealmIssuers: {
    target: 'realm',
    summary: "Set the identity providers that vouch for the realm's people, beside those of the configuration",
    example: {
      issuers: [
        {
          issuer: 'https://login.acme.test',
          audiences: ['tenantry'],
          claims: { email: 'upn', emailVerified: 'upn_verified', loginMethod: 'identity_provider' },
        },
      ],
    },
    needs: onRealm('identity-provider:set'),
  },
  AddPlatformModel: {
    target: 'realm',
    summary: "Add a model of the platform's own, which personal environments show",
    example: { modelId: 'gpt-4o', provider: 'openai', name: 'GPT-4o' },
    needs: onRealm('platform-model:manage'),
  },
  RemovePlatformModel: {
    target: 'realm',
    summary: "Remove a model of the platform's own",
    example: { modelId: 'gpt-4o' },
    needs: onRealm('platform-model:manage'),
  },
  CreatePlatformServiceAccount: {
    target: 'realm',
    summary:
      "Create a service account of the platform's own, with one of its roles in every organization that it reaches",
    example: { ...account, name: 'Checks of the gateway', role: 'platform.checker' },
    needs: managingAccounts,
    creates: 'accountId',
  },
  DeletePlatformServiceAccount: {
    target: 'realm',
    summary: "Delete a service account of the platform's own, with its role and every key",
    example: account,
    needs: onRealm('platform-service-account:manage'),
  },
  IssuePlatformServiceAccountKey: {
    target: 'realm',
    summary: "Issue a key to a service account of the platform's own; its text is shown in this answer alone",
    example: { ...account, keyId: 'first', notAfter: '2031-01-01T00:00:00.000Z' },
    needs: managingAccounts,
    creates: 'keyId',
    issuesKey: true,
  },
  RotatePlatformServiceAccountKey: {
    target: 'realm',
    summary: 'Put another key in the place of one, which is still accepted until the given instant',
    example: { ...account, keyId: 'first', newKeyId: 'second', until: '2030-01-01T00:00:00.000Z' },
    needs: managingAccounts,
    creates: 'keyId',
    issuesKey: true,
  },
  RevokePlatformServiceAccountKey: {
    target: 'realm',
    summary: "Revoke a key of a service account of the platform's own",
    example: { ...account, keyId: 'first' },
    needs: onRealm('platform-service-account:manage'),
  },
  EraseUser: {
    target: 'realm',
    summary: 'Erase what is known of a person for good, everywhere; their memberships end',
    example: { userId: 'bob' },
    needs: onRealm('platform-subject:erase'),
    erases: ({ userId }) => userId,
  },
} as const satisfies TableOf<'realm'>;
