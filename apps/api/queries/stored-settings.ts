import { streamOf } from '#libs/application/streams.js';
import { type OrgDocument, type RealmDocument, realmOf, type SettingsDocument } from '#libs/domain/access/documents.js';
import { isModelValid } from '#libs/domain/org/provider-keys.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { Database } from '#libs/readstore/database.js';
import { documentsIn, documentsOf } from '#projections/access-documents/queries.js';

// The access documents' own projection wrote them, from the domain's types.

/** What the organization has configured; undefined where it never did. */
export async function settingsIn(reads: Database, orgId: string): Promise<SettingsDocument | undefined> {
  return (await documentsOf(reads, orgId, 'settings', [''])).get('') as SettingsDocument | undefined;
}

/** Tells of a provider whether its models may be used in the organization. */
export async function validProviders(reads: Database, orgId: string): Promise<(provider: string) => boolean> {
  const [orgs, settings] = await Promise.all([documentsOf(reads, orgId, 'org', ['']), settingsIn(reads, orgId)]);
  const org = orgs.get('') as OrgDocument | undefined;
  if (org === undefined) return () => false;
  const realms = await documentsIn(reads, streamOf('realm', realmOf(org)), 'realm', ['']);
  const scheme = schemeOf(org.scheme, realms.get('') as RealmDocument | undefined);
  return (provider) => isModelValid(scheme, settings, provider);
}
