import { randomUUID } from 'node:crypto';

const now = () => new Date().toISOString();

/** Metadata as a command leaves it beside its event: the same names, and values of the same size. */
export function metadataOf(orgId, command, actor) {
  return {
    realm: 'default',
    org: orgId,
    actor,
    credential: 'token:3q2-7wQmZk0cXjv1Y8n5tA',
    command,
    commandId: randomUUID(),
    payloadDigest: 'Xb0c3mF1r8yqQk5vT2h7u9aLw4eNn6jRzPdGsKoIiUE',
    keyed: 'true',
    occurredAt: now(),
    correlation: randomUUID(),
    scheme: 'enterprise@1',
    role: 'org.owner',
    evidence: randomUUID(),
    authorizedBy: 'org@1234',
    part: '1/1',
  };
}

/** The event as the store takes it. */
export const toAppend = (orgId, { type, data }) => ({
  id: randomUUID(),
  type,
  data,
  metadata: metadataOf(orgId, type, `${orgId}-p0`),
});

/** Fills an organization's stream, many events at once: what happened before the measurement. */
export async function fill(store, orgId, events, perAppend = 500) {
  for (let first = 0; first < events.length; first += perAppend) {
    const part = events.slice(first, first + perAppend).map((event) => toAppend(orgId, event));
    const { appended } = await store.append(`org-${orgId}`, BigInt(first) - 1n, part);
    if (!appended) throw new Error(`org-${orgId} was there already`);
  }
}
