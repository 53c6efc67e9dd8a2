import { z } from 'zod';
import { principalId } from '../text.js';

// Parts of the stored format and of commands alike.
export const grantee = z.strictObject({ type: z.enum(['user', 'group']), id: principalId });
export const roleKey = z.string().regex(/^org\.[a-z][a-z-]{0,60}$/, 'must look like org.admin');
export const childRoleKey = z
  .string()
  .regex(/^(environment|workspace|project)\.[a-z][a-z-]{0,60}$/, 'must look like workspace.viewer');
