import { Controller, HttpCode, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { noEffects } from '#libs/application/history/effects.js';
import { isRefusedAttempt } from '#libs/application/activity/recorded-commands.js';
import type { CommandAnswer } from '#libs/application/outcome.js';
import type { Step } from '#libs/application/command-request.js';
import { isSlug } from '#libs/domain/text.js';
import { Authenticated } from '../identity/authenticated.guard.js';
import { recordSignIn } from '../identity/record-sign-in.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { notFound } from '../problems/problem.js';
import { problemOfOutcome } from '../problems/problem-of-outcome.js';
import { type ApiRequest, askedOf, identityOf } from '../requests/api-request.js';
import { commandHeaders } from '../requests/command-headers.js';
import { consistencyToken } from '../requests/consistency-token.js';
import { ApiServices } from '../services.js';
import { shownEffects } from './effects.js';
import { RunCommand } from './run-command.js';
import { stepFrom, stepsFrom } from './steps.js';

export type PostedCommandAnswer = CommandAnswer & {
  readonly dryRun?: true;
  readonly effects?: ReturnType<typeof shownEffects>;
};

@Controller('v1')
@CountsAs('commands')
@UseGuards(Authenticated, WithinLimits)
export class CommandsController {
  constructor(
    private readonly bus: CommandBus,
    private readonly services: ApiServices,
  ) {}

  @Post('orgs/:orgId/commands/:name')
  @HttpCode(200)
  onOrg(
    @Param('orgId') orgId: string,
    @Param('name') name: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostedCommandAnswer> {
    const step = stepFrom('org', name, request.body);
    return this.run(knownShape(orgId), [step], request, reply);
  }

  @Post('orgs/:orgId/commands')
  @HttpCode(200)
  batchOnOrg(
    @Param('orgId') orgId: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostedCommandAnswer> {
    const steps = stepsFrom(request.body);
    return this.run(knownShape(orgId), steps, request, reply);
  }

  @Post('realm/commands/:name')
  @HttpCode(200)
  onRealm(
    @Param('name') name: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostedCommandAnswer> {
    return this.run(undefined, [stepFrom('realm', name, request.body)], request, reply);
  }

  @Post('me/commands/:name')
  @HttpCode(200)
  onSelf(
    @Param('name') name: string,
    @Req() request: ApiRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostedCommandAnswer> {
    return this.run(undefined, [stepFrom('me', name, request.body)], request, reply);
  }

  private async run(
    orgId: string | undefined,
    steps: readonly Step[],
    request: ApiRequest,
    reply: FastifyReply,
  ): Promise<PostedCommandAnswer> {
    const { caller } = identityOf(request);
    const { idempotencyKey, dryRun, ifMatch } = commandHeaders(request.headers);
    const sent = { orgId, steps, caller, idempotencyKey, dryRun, ifMatch, correlation: request.id };
    const outcome = await this.bus.execute(new RunCommand(sent));
    const { limits } = this.services;
    if (orgId !== undefined && outcome.kind !== 'hidden') {
      limits.belongs(askedOf(request), orgId);
      if (!dryRun) await recordSignIn(this.services, caller, orgId, request.id);
    }
    if (!dryRun && isRefusedAttempt(sent, outcome)) limits.refused('commands', caller);
    if (outcome.kind !== 'done') throw problemOfOutcome(outcome, steps.length === 1);
    const { answer, planned } = outcome;
    reply.header('etag', `"${answer.revision}"`);
    if (dryRun) {
      // What was done before does nothing when it is sent again, and usage gives nobody access; what acts on the realm plans
      // nothing for one organization.
      const unplanned = outcome.repeated || orgId !== undefined ? noEffects : { kind: 'realm' as const };
      const effects = planned === undefined ? unplanned : await this.services.history.effects(caller, planned);
      return { ...answer, dryRun, effects: shownEffects(effects) };
    }
    reply.header('consistency-token', consistencyToken(this.services.storeId, answer.position));
    return answer;
  }
}

/** An id that no organization can have is answered like one that none has. */
function knownShape(orgId: string): string {
  if (!isSlug(orgId)) throw notFound();
  return orgId;
}
