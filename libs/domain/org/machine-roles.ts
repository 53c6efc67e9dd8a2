import { type Refusal, refuse } from '../decision.js';
import type { CompiledScheme } from '../schemes/compiled.js';

/** A machine is none of those who must be there, or of whom there may be only so many; nor can it confirm anything. */
export function machineRoleFault({ roles }: CompiledScheme, key: string): Refusal | undefined {
  const role = roles.get(key);
  if (role?.scope !== 'org') return refuse('role_unknown');
  return role.confirmed || role.holders !== undefined ? refuse('not_for_machines') : undefined;
}
