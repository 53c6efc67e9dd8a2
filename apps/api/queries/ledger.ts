import { z } from 'zod';
import { streamOf } from '#libs/application/streams.js';
import {
  checkpointIn,
  checkpointShape,
  consistencyIn,
  consistencyShape,
  ofEvent,
  ofSizes,
  orgCheckpointShape,
  proofIn,
  proofShape,
  witnessOf,
} from './ledger-answers.js';
import { nothing, ofOrg, onOrg, query, stale } from './query-row.js';

const ofTree = {
  tree: z.enum(['org', 'activity', 'usage']).default('org').meta({
    description:
      'org: the events of the organization; activity: what was refused, and reads of the audit trail; usage: what was used',
  }),
};

const described = (what: string) => `${what}; by the same right as the audit trail`;
const asSigned = 'as it is signed for who accepts text/plain';
const ofRealm = (what: string) => `${what}, of the realm: its role scheme and who administers the platform`;

/** Who verifies the ledger of a deployment needs the realm's tree beside an organization's: roles of the platform stand there. */
const byVerifiers = () => [{ permission: 'ledger:verify', resource: { kind: 'realm' } } as const];

export const ledgerQueries = {
  LedgerCheckpoint: query({
    path: '/v1/orgs/{orgId}/ledger/checkpoint',
    summary: described(
      `How many events an organization's stream holds and the root of their tree, signed; ${asSigned}`,
    ),
    params: ofOrg,
    filter: z.strictObject(ofTree),
    needs: (params) => [onOrg('audit:read', params)],
    answer: orgCheckpointShape,
    page: { type: 'text/plain', write: ({ note }) => note },
    ask: async ({ orgId }, { tree }, { services }) => {
      const answer = await checkpointIn(services.ledger, streamOf(tree, orgId));
      if (answer === undefined || answer === stale || tree !== 'org') return answer;
      const witness = await witnessOf(services.reads, orgId);
      return witness === undefined ? answer : { ...answer, witness };
    },
  }),

  LedgerProof: query({
    path: '/v1/orgs/{orgId}/ledger/proof',
    summary: described(`That an event stands in the log where it does; ${asSigned}`),
    params: ofOrg,
    filter: z.strictObject({ ...ofEvent, ...ofTree }),
    example: { event: '0' },
    needs: (params) => [onOrg('audit:read', params)],
    answer: proofShape,
    page: { type: 'text/plain', write: ({ proof }) => proof },
    ask: async ({ orgId }, { event, tree }, { services, caller, after }) => {
      const ofUsage = onOrg('usage:read', { orgId });
      const access =
        tree === 'usage'
          ? await services.reading.access(caller, ofUsage.permission, ofUsage.resource, after)
          : undefined;
      if (access?.kind === 'stale') return stale;
      const isTold = access === undefined || access.kind === 'allowed';
      return proofIn(services.ledger, streamOf(tree, orgId), event, isTold);
    },
  }),

  LedgerConsistency: query({
    path: '/v1/orgs/{orgId}/ledger/consistency',
    summary: described('That a later state of the tree begins with an earlier one'),
    params: ofOrg,
    filter: z.strictObject({ ...ofSizes, ...ofTree }),
    example: { from: '1' },
    needs: (params) => [onOrg('audit:read', params)],
    answer: consistencyShape,
    ask: ({ orgId }, { tree, ...sizes }, { services }) => consistencyIn(services.ledger, streamOf(tree, orgId), sizes),
  }),

  RealmLedgerCheckpoint: query({
    path: '/v1/realm/ledger/checkpoint',
    summary: ofRealm(`How many events there are and the root of their tree, signed; ${asSigned}`),
    params: nothing,
    filter: nothing,
    needs: byVerifiers,
    answer: checkpointShape,
    page: { type: 'text/plain', write: ({ note }) => note },
    ask: (_, __, { caller, services }) => checkpointIn(services.ledger, streamOf('realm', caller.realm)),
  }),

  RealmLedgerProof: query({
    path: '/v1/realm/ledger/proof',
    summary: ofRealm(`That an event stands in the log where it does; ${asSigned}`),
    params: nothing,
    filter: z.strictObject(ofEvent),
    example: { event: '0' },
    needs: byVerifiers,
    answer: proofShape,
    page: { type: 'text/plain', write: ({ proof }) => proof },
    ask: (_, { event }, { caller, services }) => proofIn(services.ledger, streamOf('realm', caller.realm), event),
  }),

  RealmLedgerConsistency: query({
    path: '/v1/realm/ledger/consistency',
    summary: ofRealm('That a later state of the tree begins with an earlier one'),
    params: nothing,
    filter: z.strictObject(ofSizes),
    example: { from: '1' },
    needs: byVerifiers,
    answer: consistencyShape,
    ask: (_, sizes, { caller, services }) => consistencyIn(services.ledger, streamOf('realm', caller.realm), sizes),
  }),
} as const;
