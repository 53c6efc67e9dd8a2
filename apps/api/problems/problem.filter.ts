import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiServices } from '../services.js';
import { Problem, problemTable } from './problem.js';
import { problemOfError } from './problem-of-error.js';

const problemJson = 'application/problem+json';

/** Everything that is not a success leaves through here; whatever is not an expected problem is a defect and is logged whole. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly services: ApiServices) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (reply.sent) return;
    const problem = problemOfError(error) ?? this.defect(error, request);
    reply.code(statusOf(problem)).headers(problem.headers);
    if (problem.seeOther !== undefined) reply.header('location', `${this.services.publicUrl}${problem.seeOther}`);
    if (wantsMessage(request)) {
      reply.type('application/json; charset=utf-8').send(JSON.stringify(problem.message));
      return;
    }
    reply.type(problemJson).send(JSON.stringify(problemBody(problem, this.services.publicUrl, request.id)));
  }

  private defect(error: unknown, request: FastifyRequest): Problem {
    const { id: correlationId, method } = request;
    this.services.logger.error(
      { err: error, correlationId, method, route: request.routeOptions.url },
      'request failed',
    );
    return new Problem('internal');
  }
}

/** Members in one order and from constants and the given members only: what is hidden looks like what is missing. */
export function problemBody(problem: Problem, publicUrl: string, correlationId: string) {
  const status = statusOf(problem);
  const { title } = problemTable[problem.code];
  const { detail = title, ...members } = problem.members;
  const type = `${publicUrl}/problems/${problem.code}`;
  return { type, title, status, detail, code: problem.code, ...members, correlationId };
}

const statusOf = ({ code, seeOther }: Problem): number => (seeOther === undefined ? problemTable[code].status : 303);

/** AuthZEN's errors are a message string; problem details only for those who ask for them. */
function wantsMessage({ url, headers }: FastifyRequest): boolean {
  return url.startsWith('/access/') && !(headers.accept ?? '').includes(problemJson);
}
