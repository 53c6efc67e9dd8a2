import { z } from 'zod';
import { type Assignment, own, type RealmDocument } from '../access/documents.js';
import { instant, principalId, slug, text } from '../text.js';

const place = z.strictObject({ userId: principalId, role: text(100) });
const inTeam = z.strictObject({ team: slug, userId: principalId });

// Stored format: add event types and optional fields, never change them.
export const platformRoleEvents = {
  /** A role of the platform's own. Where the scheme asks for it, it holds nothing until a second person has confirmed it. */
  PlatformRoleAssigned: place.extend({ assignedBy: principalId, notAfter: instant.optional() }),
  PlatformRoleConfirmed: place.extend({ confirmedBy: principalId }),
  PlatformRoleRevoked: place,
  /** The scheme says which roles of which team make a platform admin (T5). */
  TeamMemberSet: inTeam.extend({ role: slug }),
  TeamMemberRemoved: inTeam,
};

type Data<Type extends keyof typeof platformRoleEvents> = z.output<(typeof platformRoleEvents)[Type]>;

/** What each of these events changes of the realm; `evidence` is the event's id. */
export const roleAssigned = (
  realm: RealmDocument,
  { userId, role, assignedBy, notAfter }: Data<'PlatformRoleAssigned'>,
  evidence: string,
) => withAssignment(realm, { userId, role }, () => ({ assignedBy, notAfter, confirmed: false, evidence: [evidence] }));

export const roleConfirmed = (realm: RealmDocument, data: Data<'PlatformRoleConfirmed'>, evidence: string) =>
  withAssignment(
    realm,
    data,
    (found) => found && { ...found, confirmed: true, evidence: [...found.evidence, evidence] },
  );

export const roleRevoked = (realm: RealmDocument, data: Data<'PlatformRoleRevoked'>) =>
  withAssignment(realm, data, () => undefined);

export const teamMemberSet = (
  { teams = {} }: RealmDocument,
  { team, userId, role }: Data<'TeamMemberSet'>,
  evidence: string,
): Pick<RealmDocument, 'teams'> => ({
  teams: { ...teams, [team]: { ...own(teams, team), [userId]: { role, evidence } } },
});

export function teamMemberRemoved(
  { teams = {} }: RealmDocument,
  { team, userId }: Data<'TeamMemberRemoved'>,
): Pick<RealmDocument, 'teams'> {
  const { [userId]: _, ...left } = own(teams, team) ?? {};
  return { teams: { ...teams, [team]: left } };
}

/** Those that are left stand as if the others had never been. */
function withAssignment(
  { assignments = {} }: RealmDocument,
  { userId, role }: { readonly userId: string; readonly role: string },
  change: (found: Assignment | undefined) => Assignment | undefined,
): Pick<RealmDocument, 'assignments'> {
  const { [role]: found, ...others } = own(assignments, userId) ?? {};
  const next = change(found);
  const { [userId]: _, ...rest } = assignments;
  const held = next === undefined ? others : { ...others, [role]: next };
  return { assignments: Object.keys(held).length === 0 ? rest : { ...rest, [userId]: held } };
}
