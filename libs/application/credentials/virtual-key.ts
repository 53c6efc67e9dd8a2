import { createHash } from 'node:crypto';
import type { EnvironmentDocument, OrgDocument, SettingsDocument } from '#libs/domain/access/documents.js';
import type { OrgState } from '#libs/domain/org/org.js';
import { isModelValid } from '#libs/domain/org/provider-keys.js';
import type { CompiledScheme } from '#libs/domain/schemes/compiled.js';

/** What an environment's credential is good for: the models and MCP servers of this environment, and of no other (T34). */
export interface VirtualKey {
  readonly orgId: string;
  readonly environmentId: string;
  readonly credentialId: string;
  /** RFC 3339; absent for one that nothing replaces. */
  readonly expiresAt?: string;
  /** The organization is suspended. */
  readonly blocked: boolean;
  readonly models: readonly { readonly id: string; readonly provider: string; readonly name: string }[];
  readonly mcpServers: readonly { readonly id: string; readonly name: string; readonly url: string }[];
}

/** What a virtual key follows from: the organization's scheme and documents. */
export interface KeyGround {
  readonly scheme: CompiledScheme;
  readonly org: OrgDocument;
  readonly settings: SettingsDocument | undefined;
  readonly environment: EnvironmentDocument;
}

/** The environment's keys that are accepted at an instant, the present one first. Milliseconds. */
export function keysOf({ scheme, org, settings, environment }: KeyGround, now: number): readonly VirtualKey[] {
  const { credential, id: environmentId } = environment;
  if (org.status !== 'active' || environment.status !== 'active' || credential === undefined) return [];
  const key = {
    orgId: org.id,
    environmentId,
    blocked: org.suspension !== undefined,
    models: sorted(environment.models).filter(({ provider }) => isModelValid(scheme, settings, provider)),
    mcpServers: sorted(environment.mcpServers ?? {}),
  };
  const { id, former } = credential;
  const present = { ...key, credentialId: id };
  if (former === undefined || Date.parse(former.until) <= now) return [present];
  return [present, { ...key, credentialId: former.id, expiresAt: former.until }];
}

/** Every key of an organization that is accepted at an instant. */
export const allKeysOf = (
  { org, settings, environments }: OrgState,
  scheme: CompiledScheme,
  now: number,
): readonly VirtualKey[] =>
  [...environments.values()].flatMap((environment) => keysOf({ scheme, org, settings, environment }, now));

/** As keys are stored and looked up: 256 random bits need no salt. Hex, as LiteLLM has it. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/** The members of a record with their ids, by id. */
export const sorted = <T extends object>(record: Readonly<Record<string, T>>): ({ id: string } & T)[] =>
  Object.entries(record)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([id, each]) => ({ id, ...each }));
