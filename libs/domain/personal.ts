import { z } from 'zod';

/** A field that is encrypted under the subject's key before it is stored, and opened after it is read. */
export const personal = z.string().max(1024).meta({ personal: true });
