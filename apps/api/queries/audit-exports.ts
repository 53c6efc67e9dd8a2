import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Metrics } from '#libs/platform/telemetry/metrics.js';
import { invalid, notFound } from '../problems/problem.js';
import { problemOfAccess } from '../problems/problem-of-outcome.js';
import { type ApiRequest, identityOf } from '../requests/api-request.js';
import { later, positionFrom } from '../requests/consistency-token.js';
import { parsed } from '../requests/input.js';
import { ApiServices } from '../services.js';
import { auditedPage } from './audit.js';
import { beginExport } from './audit-export.js';
import { type ExportFormat, formatAccepted } from './audit-formats.js';
import { ofOrg } from './query-row.js';
import { recordRefused } from './refused-reads.js';

const QUERY = 'AuditExport';

/** Answers a request for the audit log with an export where it asks for one. */
@Injectable()
export class AuditExports {
  constructor(
    private readonly services: ApiServices,
    private readonly metrics: Metrics,
  ) {}

  /** Undefined where a page of JSON is asked for. */
  formatOf({ query, headers }: ApiRequest): ExportFormat | undefined {
    return parsed(auditedPage, query).format ?? formatAccepted(headers.accept);
  }

  /** The export as a stream that is read as fast as the client takes it. */
  async send(format: ExportFormat, request: ApiRequest, reply: FastifyReply): Promise<Readable> {
    const { services } = this;
    const { limit: _, cursor, format: __, ...filter } = parsed(auditedPage, request.query);
    if (cursor !== undefined) throw invalid([{ path: 'cursor', message: 'is of pages: an export is whole' }]);
    const params = ofOrg.safeParse(request.params);
    if (!params.success) throw notFound();
    const { orgId } = params.data;
    const { caller, observedUpTo } = identityOf(request);
    const asked = { kind: 'exports', caller, costs: new Map([[orgId, 1]]) } as const;
    await services.limits.admit(asked, reply);
    const after = later(observedUpTo, positionFrom(request.headers['consistency-token'], services.storeId));
    const reading = { caller, orgId, correlation: request.id };
    const access = await services.reading.access(caller, 'audit:export', { kind: 'org', orgId }, after);
    this.metrics.queries.inc({ query: QUERY, outcome: access.kind === 'allowed' ? 'answered' : access.kind });
    if (access.kind !== 'hidden') services.limits.belongs(asked, orgId);
    if (access.kind !== 'allowed') {
      await recordRefused(services, { ...reading, query: QUERY }, access);
      throw problemOfAccess(access);
    }
    const { exportId, type, content, digest } = await beginExport(services, reading, filter, format);
    reply.type(type).header('audit-export-id', exportId);
    if (type.startsWith('text/csv')) reply.header('content-disposition', `attachment; filename="audit-${orgId}.csv"`);
    // RFC 9530: only known when all of it was sent.
    reply.trailer('content-digest', async () => `sha-256=:${digest()}:`);
    return Readable.from(content, { objectMode: false });
  }
}
