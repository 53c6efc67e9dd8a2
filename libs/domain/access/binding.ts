import type { Grant } from './documents.js';

/** Why a binding holds nothing, whatever its role. */
export type Block = 'org_suspended' | 'member_suspended' | 'not_confirmed';

/** One way by which the principal holds a role here, with the events that support it. */
export interface Binding {
  readonly role: string;
  readonly source:
    | 'idp_group'
    | 'email_allowlist'
    | 'system_user'
    | 'team'
    | 'assignment'
    | 'everyone'
    | 'record'
    | 'implicit'
    | 'grant'
    | 'group_grant'
    | 'service_account'
    | 'workflow';
  readonly evidence: readonly string[];
  /** Milliseconds since the epoch; the binding holds in [from, until). */
  readonly from: number;
  readonly until: number;
  readonly block: Block | undefined;
}

export const ever = Number.NEGATIVE_INFINITY;
const never = Number.POSITIVE_INFINITY;
export const none: readonly string[] = [];

/** What is being collected: bindings to the wanted roles, or to any where none are named. */
export interface Collection {
  readonly wanted: ReadonlySet<string> | undefined;
  readonly bindings: Binding[];
}

export function add({ wanted, bindings }: Collection, binding: Binding): void {
  if (wanted === undefined || wanted.has(binding.role)) bindings.push(binding);
}

export function always(
  { wanted, bindings }: Collection,
  role: string,
  source: Binding['source'],
  evidence: readonly string[],
  block?: Block,
): void {
  if (wanted !== undefined && !wanted.has(role)) return;
  bindings.push({ role, source, evidence, from: ever, until: never, block });
}

export function granted(
  { wanted, bindings }: Collection,
  role: string,
  source: Binding['source'],
  evidence: readonly string[],
  { notBefore, notAfter }: Pick<Grant, 'notBefore' | 'notAfter'>,
  block: Block | undefined,
): void {
  if (wanted !== undefined && !wanted.has(role)) return;
  const from = notBefore === undefined ? ever : Date.parse(notBefore);
  const until = notAfter === undefined ? never : Date.parse(notAfter);
  bindings.push({ role, source, evidence, from, until, block });
}
