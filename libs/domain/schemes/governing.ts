import type { Permission } from './actions.js';
import type { SchemeDocument } from './scheme.js';

/** With these somebody decides in every scheme who belongs to an organization, and who may do what in it. */
const always: readonly Permission[] = [
  'member:invite',
  'member:manage',
  'member:set-role',
  'group:manage',
  'sso:manage',
  'service-account:manage',
  'environment:grant',
  'environment:override-role',
];

/**
 * The permissions of a scheme by which roles and access are given and taken: whoever holds one is privileged. Beside those
 * that mean that everywhere, whatever the scheme's own roles are assigned and removed with.
 */
export const governingOf = ({ roles }: SchemeDocument): ReadonlySet<Permission> =>
  new Set([
    ...always,
    ...roles.flatMap(({ assignedWith = [], removedWith = [] }) => [assignedWith, removedWith].flat()),
  ]);
