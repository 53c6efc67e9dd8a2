import { isSlug } from '#libs/domain/text.js';
import type { Limited } from './limits.js';

/** A request before anything of it was parsed. */
export interface Unparsed {
  readonly params: unknown;
  readonly body: unknown;
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
const known = (id: unknown): string => (typeof id === 'string' && isSlug(id) ? id : '');

/** How much is asked for in which organization ('' for none), of whatever may have been sent. */
export function costsOf(kind: Limited, { params, body }: Unparsed): Map<string, number> {
  if (kind === 'checks' || kind === 'searches') return ofQuestions(body);
  const batch = kind === 'commands' ? member(body, 'commands') : undefined;
  return new Map([[known(member(params, 'orgId')), Array.isArray(batch) ? Math.max(1, batch.length) : 1]]);
}

function ofQuestions(body: unknown): Map<string, number> {
  const items = member(body, 'evaluations');
  const all: readonly unknown[] = Array.isArray(items) && items.length > 0 ? items : [body];
  const costs = new Map<string, number>();
  for (const item of all) {
    const orgId = orgOf(member(item, 'resource') ?? member(body, 'resource'));
    costs.set(orgId, (costs.get(orgId) ?? 0) + 1);
  }
  return costs;
}

/** As the ids of AuthZEN's resources name it: `acme`, or `acme/production`. */
function orgOf(resource: unknown): string {
  const id = member(resource, 'id');
  if (typeof id !== 'string') return '';
  return member(resource, 'type') === 'org' ? known(id) : id.includes('/') ? known(id.slice(0, id.indexOf('/'))) : '';
}
