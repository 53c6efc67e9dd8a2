import { Controller, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import type { Stamp } from '#libs/application/facts.js';
import type { Found } from '#libs/application/searches.js';
import { subjectOf } from '#libs/domain/access/machines.js';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { Authenticated } from '../identity/authenticated.guard.js';
import { CountsAs, WithinLimits } from '../limits/within-limits.guard.js';
import { invalid, staleRead } from '../problems/problem.js';
import { type ApiRequest, askedOf } from '../requests/api-request.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { askerOf } from './asker.js';
import { problemOfUnanswered } from './decision.js';
import { pastFrom, principalFrom, resourceFrom } from './evaluation-request.js';
import {
  actionSearchRequest,
  pageAsked,
  resourceSearchRequest,
  type SearchAnswer,
  searchAnswer,
  subjectSearchRequest,
} from './search-requests.js';

type NotFound = Exclude<Found, { readonly kind: 'found' }>;

/** OpenID AuthZEN 1.0, the searches. A token is bound to the realm and to the question: everything that bears on the answer. */
@Controller('access/v1/search')
@CountsAs('searches')
@UseGuards(Authenticated, WithinLimits)
export class SearchController {
  constructor(
    private readonly services: ApiServices,
    private readonly metrics: Metrics,
  ) {}

  @Post('subject')
  @HttpCode(200)
  async subjects(@Req() request: ApiRequest): Promise<SearchAnswer> {
    const { caller, after } = askerOf(request, this.services.storeId);
    const { subject, action, resource, context, page } = parsed(subjectSearchRequest, request.body);
    const { type } = subject;
    const scope = ['SearchSubjects', caller.realm, type, action.name, resource.type, resource.id, context?.at ?? null];
    const found = await this.services.searches.subjects(
      caller,
      { type, action: action.name, resource: resourceFrom(resource.type, resource.id), at: pastFrom(context), after },
      pageAsked(page, scope),
    );
    this.count('SearchSubjects', found.kind);
    if (found.kind !== 'found') throw problemOf(found);
    this.belongs(request, found);
    return searchAnswer(found, found.stamp, scope, (id) => subjectOf(id));
  }

  @Post('resource')
  @HttpCode(200)
  async resources(@Req() request: ApiRequest): Promise<SearchAnswer> {
    const { caller, after } = askerOf(request, this.services.storeId);
    const { subject, action, resource, context, page } = parsed(resourceSearchRequest, request.body);
    const { type } = resource;
    const at = pastFrom(context);
    if (at !== undefined && 'revision' in at)
      throw invalid([{ path: 'context.at', message: 'must be an instant: a revision is of one organization' }]);
    const scope = ['SearchResources', caller.realm, subject.type, subject.id, action.name, type, context?.at ?? null];
    const found = await this.services.searches.resources(
      caller,
      { principal: principalFrom(subject), action: action.name, type, at, after },
      pageAsked(page, scope),
    );
    this.count('SearchResources', found.kind);
    if (found.kind !== 'found') throw problemOf(found);
    return searchAnswer(found, found.stamp, scope, (id) => ({ type, id }));
  }

  @Post('action')
  @HttpCode(200)
  async actions(@Req() request: ApiRequest): Promise<SearchAnswer> {
    const { caller, after } = askerOf(request, this.services.storeId);
    const { subject, resource, context, page } = parsed(actionSearchRequest, request.body);
    const asked = [subject.type, subject.id, resource.type, resource.id];
    const scope = ['SearchActions', caller.realm, ...asked, context?.at ?? null];
    const { limit, after: from } = pageAsked(page, scope);
    const found = await this.services.checks.permittedActions(caller, {
      principal: principalFrom(subject),
      resource: resourceFrom(resource.type, resource.id),
      at: pastFrom(context),
      after,
    });
    this.count('SearchActions', found.kind === 'answered' ? 'found' : found.kind);
    if (found.kind !== 'answered') throw problemOf(found);
    this.belongs(request, found);
    const rest = found.actions.filter((name) => name > from);
    const results = rest.slice(0, limit);
    const next = rest.length > limit ? (results.at(-1) ?? from) : undefined;
    return searchAnswer({ results, next }, found.stamp, scope, (name) => ({ name }));
  }

  /** Whoever is told the revision of the organization that was asked about belongs to it. */
  private belongs(request: ApiRequest, { stamp: { revision } }: { readonly stamp: Stamp }): void {
    const asked = askedOf(request);
    if (revision !== undefined) for (const orgId of asked.costs.keys()) this.services.limits.belongs(asked, orgId);
  }

  private count(query: string, kind: Found['kind']): void {
    this.metrics.queries.inc({ query, outcome: kind === 'found' ? 'answered' : kind });
  }
}

const problemOf = (found: NotFound) => (found.kind === 'stale' ? staleRead() : problemOfUnanswered(found));
