import { createHash } from 'node:crypto';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { RealmEvent } from '#libs/domain/realm/events.js';
import type { UserEvent } from '#libs/domain/user/user.js';
import { audit, auditUsage } from './oracle-audit.js';
import { ledgerRows } from './oracle-ledger.js';
import { OrgOracle } from './oracle-org.js';
import { UsageOracle } from './oracle-usage.js';
import { canonical, type Row, Rows } from './rows.js';

/** What a person's token said, where the log holds only ciphertext. */
export type Told = (
  person: string,
  issuedAt: number,
) => { readonly email: string | null; readonly name: string | null };

/**
 * What all rows must be, as a pure fold of the log: small and naive, from the meaning of the events, without the
 * projections. Throws where the log itself breaks a rule, like one organization per person, at any of its points.
 */
export function oracle(events: readonly StoredEvent[], told: Told): Rows {
  const rows = new Rows();
  const orgs = new Map<string, OrgOracle>();
  const usage = new Map<string, UsageOracle>();
  const commands = new Map<string, Row>();
  const people = new Map<string, Row>();
  const documents = new Map<string, Row>();
  const keys = new Map<string, Row>();
  const ends = new Map<string, StoredEvent>();
  for (const event of events) {
    const before = ends.get(event.stream)?.revision ?? -1n;
    if (event.revision !== before + 1n) throw new Error(`${event.stream} goes from ${before} to ${event.revision}`);
    ends.set(event.stream, event);
    if (event.metadata.keyed === 'true') index(commands, event);
    if (event.stream.startsWith('org-')) {
      const org = orgs.get(event.stream) ?? new OrgOracle(event.stream);
      orgs.set(event.stream, org);
      if (event.type === 'MemberAdded' || event.type === 'OrgCreated') expectHomeless(orgs, event);
      org.apply(event);
      audit(rows, event);
    } else if (event.stream.startsWith('usage-')) {
      const of = usage.get(event.stream) ?? new UsageOracle(event.stream);
      usage.set(event.stream, of);
      of.apply(event);
      auditUsage(rows, event);
    } else if (event.stream.startsWith('user-')) user({ people, documents, keys }, event, told);
    else {
      realm(documents, event);
      audit(rows, event);
    }
  }
  for (const kept of [...orgs.values(), ...usage.values()]) kept.addTo(rows);
  for (const row of ledgerRows(events)) rows.add('ledger_leaves', row);
  for (const row of commands.values()) rows.add('command_index', row);
  for (const row of people.values()) rows.add('people', row);
  for (const row of keys.values()) rows.add('subject_keys', row);
  for (const [stream, doc] of documents)
    rows.add('access_documents', { stream, kind: stream.slice(0, stream.indexOf('-')), id: '', doc });
  for (const [stream, { revision }] of ends) rows.add('access_streams', { stream, revision: `${revision}` });
  return rows;
}

/** Every kind of event in a log that only grows; looks at each event once. */
export class EventKinds {
  private readonly kinds = new Set<string>();
  private seen = 0;

  of(log: readonly StoredEvent[]): string[] {
    for (const { stream, type } of log.slice(this.seen)) this.kinds.add(`${stream.split('-')[0]}/${type}`);
    this.seen = log.length;
    return [...this.kinds].sort();
  }
}

/** The checkpoint's row after a whole log. */
export function oracleCheckpoint(log: readonly StoredEvent[], kinds = new EventKinds()): Row {
  const last = log.at(-1);
  if (last === undefined) throw new Error('an empty log has no checkpoint');
  const { position, id, stream, revision, type, data, metadata } = last;
  const hashed = canonical([stream, `${revision}`, id, type, data, metadata]);
  return {
    commit: `${position.commit}`,
    prepare: `${position.prepare}`,
    witness_commit: `${position.commit}`,
    witness_prepare: `${position.prepare}`,
    witness_id: id,
    witness_hash: createHash('sha256').update(hashed).digest('hex'),
    event_kinds: kinds.of(log),
  };
}

function index(commands: Map<string, Row>, { stream, revision, metadata }: StoredEvent): void {
  const id = String(metadata.commandId);
  const present = commands.get(id);
  // The log holds every command once: its events side by side.
  if (present !== undefined && (present.stream !== stream || present.last_revision !== `${revision - 1n}`))
    throw new Error(`the command ${id} stands twice: ${canonical(present)} and at ${stream}@${revision}`);
  commands.set(id, {
    command_id: id,
    stream,
    first_revision: present?.first_revision ?? `${revision}`,
    last_revision: `${revision}`,
    payload_digest: metadata.payloadDigest,
  });
}

function expectHomeless(orgs: ReadonlyMap<string, OrgOracle>, event: StoredEvent): void {
  const { userId, owner } = event.data as { userId?: string; owner?: { userId: string } };
  const person = userId ?? owner?.userId ?? '';
  for (const [stream, org] of orgs)
    if (org.isMember(person)) throw new Error(`${person} joins ${event.stream} while a member of ${stream}`);
}

interface People {
  readonly people: Map<string, Row>;
  readonly documents: Map<string, Row>;
  readonly keys: Map<string, Row>;
}

function user({ people, documents, keys }: People, event: StoredEvent, told: Told): void {
  const { stream, type, data } = event as unknown as UserEvent & { stream: string };
  const { id: evidence, metadata } = event;
  const person = stream.slice('user-'.length);
  const nobody = { id: person, claims: null, membershipClaim: null, profileIndex: null, tokenIssuedAt: null };
  const before = documents.get(stream) ?? nobody;
  const observedAt = metadata.occurredAt;
  if (type === 'MembershipClaimed') {
    const { orgId, claimId } = data;
    documents.set(stream, { ...before, membershipClaim: { orgId, claimId } });
  } else if (type === 'ClaimsObserved') {
    const { groups, emailIndex, issuedAt } = data;
    const claims = { groups, emailIndex, issuedAt, observedAt, evidence };
    documents.set(stream, { ...before, claims, tokenIssuedAt: issuedAt });
  } else if (type !== 'ProfileObserved') {
    throw new Error(`${stream} has an event that no command here leads to: ${type}`);
  } else {
    documents.set(stream, { ...before, profileIndex: data.profileIndex, tokenIssuedAt: data.issuedAt });
    const first = people.get(person)?.first_seen_at ?? observedAt;
    const { realm } = metadata;
    const said = told(person, data.issuedAt);
    people.set(person, { user_id: person, realm, ...said, first_seen_at: first, last_changed_at: observedAt });
    keys.set(stream, { subject: stream, kid: theOneKey(event) });
  }
}

/** Every personal field of an event is sealed, and under one key. */
function theOneKey({ stream, revision, data }: StoredEvent): string {
  const { issuer, subject, email, name } = data as Record<string, { kid?: string } | null>;
  const kids = new Set([issuer, subject, email, name].flatMap((field) => (field === null ? [] : [field?.kid])));
  const [kid] = kids;
  if (kids.size !== 1 || kid === undefined) throw new Error(`${stream}@${revision} is not sealed under one key`);
  return kid;
}

function realm(documents: Map<string, Row>, event: StoredEvent): void {
  const { stream, type, data, id } = event as unknown as RealmEvent & { stream: string; id: string };
  const sources = { adminGroup: null, adminEmailIndexes: [], systemUserId: null };
  if (type === 'RealmCreated')
    documents.set(stream, { id: data.realmId, storeId: id, scheme: data.scheme, ...sources, evidence: id });
  else if (type === 'PlatformAdminSourcesSet')
    documents.set(stream, { ...documents.get(stream), ...data, evidence: id });
  else if (type === 'RoleSchemeDefined') {
    const before = documents.get(stream);
    const name = `${data.scheme.id}@${data.scheme.version}`;
    documents.set(stream, {
      ...before,
      schemes: { ...(before?.['schemes'] as Row | undefined), [name]: data.document },
    });
  } else if (type === 'RoleSchemeAdopted') {
    const { scheme, formerSchemes = [], ...before } = documents.get(stream) ?? {};
    documents.set(stream, { ...before, scheme: data.scheme, formerSchemes: [...(formerSchemes as []), scheme] });
  } else throw new Error(`${stream} has an event that no command here leads to: ${type}`);
}
