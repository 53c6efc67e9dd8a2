import { streamOf } from '#libs/application/streams.js';
import { type OrgDocument, type RealmDocument, realmOf, type SettingsDocument } from '#libs/domain/access/documents.js';
import { isModelValid } from '#libs/domain/org/provider-keys.js';
import { schemeOf } from '#libs/domain/schemes/built-in.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';
import type { Database } from '#libs/readstore/database.js';
import { documentsIn, documentsOf } from '#projections/access-documents/queries.js';

// The access documents' own projection wrote them, from the domain's types.

/** What the organization has configured; undefined where it never did. */
export async function settingsIn(reads: Database, orgId: string): Promise<SettingsDocument | undefined> {
  return (await documentsOf(reads, orgId, 'settings', [''])).get('') as SettingsDocument | undefined;
}

/** The organization with the scheme that it pins. */
export async function organizationIn(
  reads: Database,
  orgId: string,
): Promise<{ readonly org: OrgDocument; readonly scheme: CompiledScheme } | undefined> {
  const org = (await documentsOf(reads, orgId, 'org', [''])).get('') as OrgDocument | undefined;
  if (org === undefined) return undefined;
  const realms = await documentsIn(reads, streamOf('realm', realmOf(org)), 'realm', ['']);
  return { org, scheme: schemeOf(org.scheme, realms.get('') as RealmDocument | undefined) };
}

/** Tells of a provider whether its models may be used in the organization. */
export async function validProviders(reads: Database, orgId: string): Promise<(provider: string) => boolean> {
  const [found, settings] = await Promise.all([organizationIn(reads, orgId), settingsIn(reads, orgId)]);
  return found === undefined ? () => false : (provider) => isModelValid(found.scheme, settings, provider);
}
