import type { z } from 'zod';
import type { RealmCommandInput, RealmCommandName, realmCommands } from '#libs/domain/realm/commands.js';
import type { Permission } from '#libs/domain/schemes/actions.js';

/** A command that appends to the realm's own stream. */
export interface RealmCommandRow<Name extends RealmCommandName = RealmCommandName> {
  readonly target: 'realm';
  readonly summary: string;
  /** An input for the documentation; it parses. */
  readonly example: z.input<(typeof realmCommands)[Name]>;
  /** Asked of the realm. */
  readonly permission: Permission;
  /** The person whom the command erases: what stands against that is found out before it is decided. */
  readonly erases?: (input: RealmCommandInput<Name>) => string;
}

export type RealmCommandTable = { readonly [Name in RealmCommandName]: RealmCommandRow<Name> };

const role = { userId: 'petra', role: 'platform.privacy-officer' };

export const realmCommandTable: RealmCommandTable = {
  AssignPlatformRole: {
    target: 'realm',
    summary: "Assign one of the platform's own roles",
    example: { ...role, notAfter: '2027-12-31T00:00:00.000Z' },
    permission: 'platform-role:assign',
  },
  ConfirmPlatformRole: {
    target: 'realm',
    summary: "Confirm one of the platform's roles that somebody else has assigned to a third",
    example: role,
    permission: 'platform-role:assign',
  },
  RevokePlatformRole: {
    target: 'realm',
    summary: "Take one of the platform's own roles away",
    example: role,
    permission: 'platform-role:assign',
  },
  AddPlatformAdmin: {
    target: 'realm',
    summary: "Put a person into the platform's own team, where the scheme has one",
    example: { userId: 'petra', role: 'admin' },
    permission: 'platform-role:assign',
  },
  RemovePlatformAdmin: {
    target: 'realm',
    summary: "Take a person out of the platform's own team",
    example: { userId: 'petra' },
    permission: 'platform-role:assign',
  },
  EraseUser: {
    target: 'realm',
    summary: 'Erase what is known of a person for good, everywhere; their memberships end',
    example: { userId: 'bob' },
    permission: 'platform-subject:erase',
    erases: ({ userId }) => userId,
  },
};
