import { z } from 'zod';
import { realmCommand } from './command.js';
import { realmIssuers } from './issuers.js';
import { loginMethods, signUpRules } from './sign-in.js';

const wantedRules = signUpRules
  .extend({ domains: signUpRules.shape.domains.default([]) })
  .refine(({ rule, domains }) => (rule === 'domains') === domains.length > 0, {
    path: ['domains'],
    message: 'must be given with the rule domains, and with no other',
  });

/** How people come into a realm. */
export const signInCommands = {
  /** None: a login page offers what the identity provider does. */
  SetLoginMethods: realmCommand(z.strictObject({ methods: loginMethods }), ({ settings }, { methods }) => {
    const present = settings?.loginMethods ?? [];
    return present.join() === methods.join() ? [] : [{ type: 'LoginMethodsSet', data: { methods } }];
  }),

  /** They bear on people who come for the first time: whoever is known stays so. */
  SetSignUpRules: realmCommand(wantedRules, ({ settings }, { rule, domains: named }) => {
    const present = settings?.signUp ?? { rule: 'open', domains: [] };
    const domains = [...new Set(named)].sort();
    if (present.rule === rule && present.domains.join() === domains.join()) return [];
    return [{ type: 'SignUpRulesSet', data: { rule, domains } }];
  }),

  /** Those of the configuration stay beside them. Whether one is another realm's is found out before. */
  SetRealmIssuers: realmCommand(z.strictObject({ issuers: realmIssuers }), ({ settings }, { issuers }) => {
    // Parsed members come in the schema's order, whatever order they were sent in.
    const same = JSON.stringify(settings?.issuers ?? []) === JSON.stringify(issuers);
    return same ? [] : [{ type: 'RealmIssuersSet', data: { issuers } }];
  }),
};
