import { z } from 'zod';

/** RFC 6749, section 4.4.2, beside what is in the `Authorization` header: a form. */
export const tokenRequest = z.object({
  grant_type: z.string(),
  client_id: z.string().max(200).optional(),
  client_secret: z.string().max(2000).optional(),
});

/** RFC 6749, section 5.2. */
export type TokenError = 'invalid_request' | 'invalid_client' | 'unsupported_grant_type';

export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

const basic = /^basic +([A-Za-z0-9+/=_-]+)\s*$/i;

/**
 * Who asks for a token, by exactly one of the two ways (section 2.3): in the header, form-encoded before base 64, or in the
 * form.
 */
export function credentialsOf(
  authorization: string | undefined,
  form: z.output<typeof tokenRequest>,
): ClientCredentials | TokenError {
  const { client_id: id, client_secret: secret } = form;
  if (authorization === undefined) return id === undefined || secret === undefined ? 'invalid_client' : { id, secret };
  if (secret !== undefined) return 'invalid_request';
  const [, encoded] = basic.exec(authorization) ?? [];
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  if (user === undefined || password === undefined) return 'invalid_client';
  try {
    return { id: formDecoded(user), secret: formDecoded(password) };
  } catch {
    return 'invalid_client';
  }
}

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
