import { z } from 'zod';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import { listOf } from './config-values.js';

const realmEntry = /^([a-z0-9][a-z0-9-]{0,62})=([a-z][a-z0-9-]{0,62})(?:@(.+))?$/;
const schemes = new Map(builtInSchemes.map(({ document: { id, version } }) => [id, { id, version }]));

/** `id=scheme` or `id=scheme@issuer`, separated by commas. */
export const realmList = listOf(
  z.string().regex(realmEntry, 'must look like default=enterprise,studio=studio@https://login.studio.example'),
)
  .transform((entries) =>
    entries.map((entry) => {
      const [, id = '', scheme = '', issuer] = realmEntry.exec(entry) ?? [];
      // Version 0 is of no scheme: it stands for one that is not known.
      return { id, scheme: schemes.get(scheme) ?? { id: scheme, version: 0 }, issuer };
    }),
  )
  .refine((realms) => new Set(realms.map(({ id }) => id)).size === realms.length, 'must name each realm once')
  .refine((realms) => {
    const issuers = realms.flatMap(({ issuer }) => issuer ?? []);
    return new Set(issuers).size === issuers.length;
  }, 'must name each issuer for one realm only')
  .refine(
    (realms) => realms.every(({ scheme }) => schemes.has(scheme.id)),
    `must give each realm one of the schemes ${[...schemes.keys()].join(', ')}`,
  );
