import { Controller, Get, Param } from '@nestjs/common';
import type { z } from 'zod';
import { notFound } from '../problems/problem.js';
import { ApiServices } from '../services.js';
import type { loginPage } from './sign-in.js';

/** Public, because a login page asks before anybody has signed in. Answered from memory. */
@Controller('v1/realms')
export class LoginPageController {
  constructor(private readonly services: ApiServices) {}

  @Get(':realmId/sign-in')
  signIn(@Param('realmId') realmId: string): z.input<typeof loginPage> {
    const realm = this.services.hosted.find(realmId);
    if (realm === undefined) throw notFound();
    const { id, loginMethods, signUpRule, issuers } = realm;
    return {
      realm: id,
      loginMethods: [...loginMethods],
      signUp: signUpRule,
      issuers: issuers.map(({ issuer }) => issuer),
    };
  }
}
