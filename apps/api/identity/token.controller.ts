import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { MACHINE_TOKEN_SECONDS } from '#libs/platform/identity/machine-tokens.js';
import type { ApiRequest } from '../requests/api-request.js';
import { ApiServices } from '../services.js';
import { credentialsOf, type TokenError, tokenRequest } from './token-request.js';

const challenge = 'Basic realm="tenantry"';

/** The OAuth 2.0 token endpoint, for the client credentials grant (RFC 6749, 4.4): a key for a short token. */
@Controller('v1')
export class TokenController {
  constructor(private readonly services: ApiServices) {}

  @Post('token')
  @HttpCode(200)
  async token(@Req() request: ApiRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    reply.header('pragma', 'no-cache');
    await this.services.limits.admitToken({ address: request.ip }, reply);
    const form = tokenRequest.safeParse(request.body);
    if (!form.success) return this.refuse(reply, 'invalid_request');
    if (form.data.grant_type !== 'client_credentials') return this.refuse(reply, 'unsupported_grant_type');
    const credentials = credentialsOf(request.headers.authorization, form.data);
    if (typeof credentials === 'string') return this.refuse(reply, credentials);
    const caller = await this.services.keyCallers.byKey(credentials.secret);
    const machine = caller?.machine;
    if (machine === undefined || credentials.id !== `${machine.orgId}/${machine.accountId}`)
      return this.refuse(reply, 'invalid_client');
    await this.services.limits.admitToken({ client: credentials.id }, reply);
    const token = await this.services.machineTokens.sign(machine);
    return { access_token: token, token_type: 'Bearer', expires_in: MACHINE_TOKEN_SECONDS };
  }

  private refuse(reply: FastifyReply, error: TokenError): object {
    reply.status(error === 'invalid_client' ? 401 : 400);
    if (error === 'invalid_client') reply.header('www-authenticate', challenge);
    return { error };
  }
}
