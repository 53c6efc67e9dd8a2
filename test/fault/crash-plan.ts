import { principalId } from '#libs/domain/text.js';

/** mulberry32: the same seed gives the same run of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface PlannedCommand {
  readonly key: string;
  readonly orgId: string;
  readonly caller: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export const orgs: readonly string[] = ['amber', 'birch', 'cedar', 'dune'];
export const ownerOf = (orgId: string): string => principalId.parse(`owner-${orgId}`);

/** Of each organization's own, and of those whom every one wants. */
const OWN_PEOPLE = 30;
const WANTED_PEOPLE = 20;
const ENVIRONMENTS = 12;
const MODELS = 20;
const roles = ['org.participant', 'org.participant', 'org.admin'];

/**
 * Commands that get in each other's way: few people who are wanted by every organization, names that are used again,
 * grants to people who have left. Many are refused and some change nothing; that is what is wanted.
 */
export function plannedCommands(count: number, random: () => number): PlannedCommand[] {
  const pick = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  const number = (below: number) => Math.floor(random() * below);
  let orgId = pick(orgs);
  const userId = () => (random() < 0.75 ? `${orgId}-${number(OWN_PEOPLE)}` : `wanted-${number(WANTED_PEOPLE)}`);
  const environmentId = () => `environment-${number(ENVIRONMENTS)}`;
  const access = () => ({ environmentId: environmentId(), grantee: { type: 'user', id: userId() } });
  const kinds: readonly (readonly [weight: number, name: string, input: () => Record<string, unknown>])[] = [
    [
      10,
      'CreateEnvironment',
      () => ({ name: 'Created', ...(random() < 0.8 ? { environmentId: environmentId() } : {}) }),
    ],
    [28, 'AddMember', () => ({ userId: userId(), role: pick(roles) })],
    [22, 'GrantEnvironmentAccess', access],
    [12, 'AddModel', () => ({ environmentId: environmentId(), provider: 'openai', name: 'A model', ...model() })],
    [10, 'ChangeMemberRole', () => ({ userId: userId(), role: pick(roles) })],
    [10, 'RevokeEnvironmentAccess', access],
    [8, 'RemoveMember', () => ({ userId: userId() })],
  ];
  const model = () => (random() < 0.5 ? { modelId: `model-${number(MODELS)}` } : {});
  const weighted = kinds.flatMap(([weight, name, input]) => Array.from({ length: weight }, () => ({ name, input })));
  return Array.from({ length: count }, (_, index) => {
    orgId = pick(orgs);
    const { name, input } = pick(weighted);
    return { key: `command-${index}`, orgId, caller: ownerOf(orgId), name, input: input() };
  });
}
