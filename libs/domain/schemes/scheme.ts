import { z } from 'zod';
import { slug, text } from '../text.js';
import { actions, type Permission } from './actions.js';

const key = z.string().regex(/^[a-z][a-z-]*\.[a-z][a-z-]*$/, 'must look like org.admin');
/** A plan, or what one limits. */
const named = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,62}$/, 'must be letters, digits and dashes');
const permission = z.enum(Object.keys(actions) as [Permission, ...Permission[]], {
  error: ({ input }) => `is no permission of the catalogue: ${String(input)}`,
});

/** The kinds of environment: what an organization can be divided into. */
export const environmentKind = z.enum(['environment', 'workspace', 'project']);
export type EnvironmentKind = z.output<typeof environmentKind>;
export const isEnvironmentKind = (name: string): name is EnvironmentKind => Object.hasOwn(environmentKind.enum, name);

const role = z.strictObject({
  key,
  title: text(80),
  /** What the role reaches: all organizations and the realm, the realm alone, one organization, one environment, oneself. */
  scope: z.enum(['platform', 'realm', 'org', ...environmentKind.options, 'self']),
  inherits: z.array(key).default([]),
  permissions: z.array(permission).default([]),
  /** How many may hold the role at once in one organization; absent means any number. */
  holders: z
    .strictObject({ min: z.int().min(0), max: z.int().min(1).nullable() })
    .refine(({ min, max }) => max === null || min <= max, 'must not require more holders than it allows')
    .optional(),
  /** The permission that giving this role takes, and the one that taking it away takes. */
  assignedWith: permission.optional(),
  removedWith: permission.optional(),
  /** A second person confirms who is given the role; it may then hold what the one who gives it does not. */
  confirmed: z.boolean().default(false),
});

const option = z.strictObject({
  key: z.string().regex(/^[a-z][a-z-]*$/),
  title: text(200),
  on: z.boolean(),
  /** What roles hold in addition where the option is on. */
  gives: z.array(z.strictObject({ role: key, permissions: z.array(permission).min(1) })).min(1),
});

/**
 * A role scheme: everything in which tenancy systems differ, as data. Organizations pin an id and a version.
 * Its options are the questions on which the five source systems disagree (K1 to K20); no scheme has an explicit deny.
 */
export const schemeDocument = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  version: z.int().min(1),
  /** What the organization can be divided into; the first is meant where a command names none. */
  children: z.array(environmentKind).default(['environment']),
  roles: z.array(role).min(1),
  /** How a principal comes by a role, beside grants. `record` is a membership. */
  sources: z.strictObject({
    record: z.boolean(),
    /** Roles that every principal of the realm holds toward itself or the realm. */
    everyone: z.array(key).default([]),
    /** The role of somebody who joins and for whom none is named. */
    default: key.nullable().default(null),
    idpGroup: key.nullable().default(null),
    emailAllowlist: z.strictObject({ role: key, breakGlass: z.boolean() }).nullable().default(null),
    /** Roles of people who hold one of `roles` in a team of the platform's own. */
    teamMembership: z.array(z.strictObject({ team: slug, roles: z.array(slug).min(1), role: key })).default([]),
    systemUser: key.nullable().default(null),
    /** The role that a workflow holds in the environment that it is linked to, by the environment's kind. */
    workflow: z.partialRecord(environmentKind, key).default({}),
    /** Seconds after which an observed claim no longer supports a decision. */
    claimMaxAge: z.int().min(60).default(86_400),
  }),
  /** A role in the organization that is a role in every child, without a row of its own. */
  implicit: z.array(z.strictObject({ from: key, to: key })).default([]),
  /** A role of its own in one child: raising what the grant gives, or in its place. From the organization's role to those. */
  override: z
    .strictObject({
      scope: environmentKind,
      mode: z.enum(['raise', 'replace']),
      allowed: z.record(key, z.array(key)),
    })
    .nullable()
    .default(null),
  /** What a grant on a child gives: to holders of the roles `of`, or to all members. */
  grants: z
    .array(
      z.strictObject({
        on: environmentKind,
        grantee: z.array(z.enum(['user', 'group'])).min(1),
        effect: key,
        of: z.array(key).min(1).optional(),
      }),
    )
    .default([]),
  tenancy: z.strictObject({
    orgsPerUser: z.int().min(1).nullable(),
    /** A session is scoped to one organization, and reaches no other. */
    activeOrg: z.boolean().default(false),
    /** Everybody is given an organization of their own at their first sign-in. */
    personalOrg: z.boolean().default(false),
    personalEnvironment: z.boolean().default(false),
  }),
  orgCreation: z.strictObject({
    by: z.enum(['platform', 'signup', 'registration', 'any_account']),
    /** The role that the creator, or whom the platform names, begins with. */
    ownerRole: key,
    /** An organization begins with one of what it is divided into at first. */
    defaultWorkspace: z.boolean().default(false),
    /** Names that no organization takes, whatever their case: people would take them for the platform's own. */
    reservedNames: z.array(text(200)).max(200).default([]),
    /** No two organizations of the realm have one name, whatever its case. */
    uniqueNames: z.boolean().default(false),
  }),
  /** Ownership moves from the holder of `role` to a holder of `target`; the former holder becomes `former`. */
  transfer: z
    .strictObject({ role: key, target: z.array(key).min(1), former: key })
    .nullable()
    .default(null),
  invitations: z
    .strictObject({
      batchMax: z.int().min(1),
      forbidRoles: z.array(key).default([]),
      countPending: z.boolean(),
      ttlHours: z.int().min(1),
    })
    .nullable()
    .default(null),
  /** Whether models are added from any provider, or from those only whose key the organization holds (T27). */
  models: z.enum(['any_provider', 'own_provider_keys']).default('any_provider'),
  /** Whether each environment is of one cloud provider, which is named when it is created and never changes (C4). */
  cloudProvider: z.enum(['one_each', 'none']).default('none'),
  noEscalation: z.boolean().default(true),
  /** What the platform's roles reach in organizations; `actsAsOrgAdmin`: its admins hold what an org's creator holds. */
  platformReach: z.strictObject({
    content: z.boolean(),
    audit: z.boolean(),
    usage: z.boolean(),
    actsAsOrgAdmin: z.boolean(),
  }),
  refusals: z.strictObject({
    audit: z.enum(['all', 'mutations', 'none']),
    /** What a member is answered who lacks a right: no; over to what they may see; or as if there were no such thing. */
    style: z.enum(['forbid', 'redirect', 'hide']),
  }),
  /** Whether the organization's audit log holds that its people signed in. */
  signIns: z.enum(['audited', 'unaudited']).default('unaudited'),
  /** Plan → what is limited → how many; null is no limit. */
  plans: z.record(named, z.record(named, z.int().min(0).nullable())).default({}),
  /** Permissions that take a second one in the child that holds the object. */
  conjunctions: z.array(z.strictObject({ permission, and: permission, on: environmentKind })).default([]),
  /** What the source is silent on: switches with their default. */
  options: z.array(option).default([]),
});

export type SchemeDocument = z.output<typeof schemeDocument>;
export type Role = SchemeDocument['roles'][number];
