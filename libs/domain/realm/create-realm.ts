import { z } from 'zod';
import { own } from '../access/documents.js';
import { refuse } from '../decision.js';
import { builtInSchemes } from '../schemes/built-in.js';
import { emailAddress, slug, text } from '../text.js';
import { realmCommand } from './command.js';
import type { RealmEvent } from './events.js';
import type { RegisteredRealm } from './state.js';

/** All stand in one document. */
const MAX_REALMS = 1000;

const input = z
  .strictObject({
    realmId: slug,
    /** One of the product's own; others are defined and adopted in the realm itself. */
    schemeId: slug,
    /** People with these verified addresses administer the realm. */
    adminEmails: z.array(emailAddress).max(100).default([]),
    /** And people whose token names this group. */
    adminGroup: text(256).optional(),
  })
  .refine(({ adminEmails, adminGroup }) => adminEmails.length > 0 || adminGroup !== undefined, {
    path: ['adminEmails'],
    message: 'must name somebody, where no adminGroup does: nobody else could administer the realm',
  });

export const createRealm = {
  /** In the deployment's first realm, whose stream holds the list of all that were created by command. */
  CreateRealm: realmCommand(input, ({ settings }, { realmId, schemeId, adminEmails, adminGroup }, { emailIndex }) => {
    const scheme = builtInSchemes.find(({ document }) => document.id === schemeId)?.document;
    if (scheme === undefined) return refuse('scheme_unknown');
    const begins: RegisteredRealm = {
      scheme: { id: scheme.id, version: scheme.version },
      adminGroup: adminGroup ?? null,
      adminEmailIndexes: [...new Set(adminEmails.map(emailIndex))].sort(),
    };
    const realms = settings?.hosted?.realms ?? {};
    const present = own(realms, realmId);
    if (present !== undefined) return beginsWith(present) === beginsWith(begins) ? [] : refuse('realm_exists');
    if (Object.keys(realms).length >= MAX_REALMS) return refuse('realms_full');
    return [
      { type: 'RealmRegistered', data: { realmId, ...begins, adminEmailIndexes: [...begins.adminEmailIndexes] } },
    ];
  }),
};

const beginsWith = ({ scheme, adminGroup, adminEmailIndexes }: RegisteredRealm): string =>
  JSON.stringify([scheme.id, adminGroup, adminEmailIndexes]);

/** The first events of a registered realm's own stream. */
export function beginningOf(
  realmId: string,
  { scheme, adminGroup, adminEmailIndexes }: RegisteredRealm,
): readonly RealmEvent[] {
  return [
    { type: 'RealmCreated', data: { realmId, scheme } },
    {
      type: 'PlatformAdminSourcesSet',
      data: { adminGroup, adminEmailIndexes: [...adminEmailIndexes], systemUserId: null },
    },
  ];
}
