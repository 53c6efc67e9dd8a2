import { createMongoAbility, subject } from '@casl/ability';
import { newEnforcer, newModel } from 'casbin';
import { permit } from '../../dist/libs/domain/access/permit.js';
import { benchmark, decisionRate, inTurns } from '../support/benchmark.mjs';
import { factsIn, organization, questionsOf } from '../support/organization.mjs';

const QUESTIONS = 4096;
const SMALL = 1_000;
const LARGE = 100_000;

/** Facts are looked up in the folded organization for every question, as a command does it. */
function ours(organization) {
  const factsFor = factsIn(organization);
  return (question) => permit(factsFor(question), question).allowed;
}

/** The same questions beside facts that were looked up before: what `permit()` alone costs. */
const withFacts = (questions, organization) =>
  questions.map((question) => ({ question, facts: factsIn(organization)(question) }));
const alone = ({ facts, question }) => permit(facts, question).allowed;

const casbinModel = `
[request_definition]
r = sub, org, env, act
[policy_definition]
p = role, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (g(r.sub, p.role, r.org) || g(r.sub, p.role, r.env))
`;

/** Roles in the organization and grants as roles in an environment: look-ups by hash, the fastest that casbin offers. */
async function casbin({ state, memberships, scheme }) {
  const enforcer = await newEnforcer(newModel(casbinModel));
  const rules = [...scheme.holders].flatMap(([permission, roles]) => [...roles].map((role) => [role, permission]));
  for (const [role, implied] of scheme.implied)
    for (const [permission, roles] of scheme.holders)
      if (implied.some((each) => roles.has(each)) && !roles.has(role)) rules.push([role, permission]);
  await enforcer.addPolicies(rules);
  const roles = memberships.flatMap(({ userId, role, grants }) => [
    [userId, role, state.org.id],
    ...grants.map((environmentId) => [userId, 'environment.user', `${state.org.id}/${environmentId}`]),
  ]);
  await enforcer.addGroupingPolicies(roles);
  return ({ principal, resource, permission }) =>
    enforcer.enforceSync(principal, resource.orgId, `${resource.orgId}/${resource.environmentId ?? ''}`, permission);
}

/** One ability per person, made beforehand and kept: what a question costs is `can` alone. */
function casl({ state, byUser, scheme }, questions) {
  const abilities = new Map();
  const orgId = state.org.id;
  const holds = (role) => [...scheme.holders].filter(([, roles]) => roles.has(role)).map(([permission]) => permission);
  for (const { principal } of questions) {
    const membership = byUser.get(principal);
    if (membership === undefined) continue;
    const { role, grants } = membership;
    const rules = [
      { action: holds(role), subject: 'org', conditions: { orgId } },
      { action: holds(role), subject: 'environment', conditions: { orgId } },
    ];
    for (const implied of scheme.implied.get(role) ?? [])
      rules.push({ action: holds(implied), subject: 'environment', conditions: { orgId } });
    if (grants.length > 0)
      rules.push({
        action: holds('environment.user'),
        subject: 'environment',
        conditions: { orgId, environmentId: { $in: grants } },
      });
    abilities.set(principal, createMongoAbility(rules));
  }
  const nobody = createMongoAbility([]);
  const decide = ({ principal, permission, thing }) => (abilities.get(principal) ?? nobody).can(permission, thing);
  // A service asks about objects that it has at hand; marking their type is not part of the question.
  const asked = questions.map((question) => ({
    ...question,
    thing: subject(question.resource.kind, { ...question.resource }),
  }));
  return { decide, asked };
}

function sameAnswers(questions, one, other, name) {
  const differing = questions.findIndex((question, i) => one(question) !== other(question, i));
  if (differing >= 0) throw new Error(`${name} answers ${JSON.stringify(questions[differing])} differently`);
}

await benchmark(async ({ row }) => {
  const small = organization(SMALL);
  const large = organization(LARGE);
  const asked = {
    small: questionsOf(small, QUESTIONS),
    large: questionsOf(large, QUESTIONS, SMALL),
    all: questionsOf(large, QUESTIONS),
  };
  const decide = { small: ours(small), large: ours(large) };
  const byCasbin = await casbin(small);
  const byCasl = casl(large, asked.large);
  sameAnswers(asked.small, decide.small, byCasbin, 'casbin');
  sameAnswers(asked.large, decide.large, (_, i) => byCasl.decide(byCasl.asked[i]), 'CASL');
  const allowed = asked.large.filter((question) => decide.large(question)).length / QUESTIONS;
  const prepared = { small: withFacts(asked.small, small), large: withFacts(asked.large, large) };
  // What building has left behind is not part of deciding.
  global.gc?.();

  const seen = await inTurns(
    {
      small: () => decisionRate(asked.small, decide.small),
      large: () => decisionRate(asked.large, decide.large),
      all: () => decisionRate(asked.all, decide.large),
      aloneSmall: () => decisionRate(prepared.small, alone),
      aloneLarge: () => decisionRate(prepared.large, alone),
      casbin: () => decisionRate(asked.small, byCasbin),
      casl: () => decisionRate(byCasl.asked, byCasl.decide),
    },
    { rounds: 11, warmUp: 2 },
  );
  const unit = 'decisions/s';
  const fast = { of: 'value', atLeast: 300_000 };
  const note = `${Math.round(allowed * 100)} % of the questions are allowed; all engines answer them alike`;
  row({ name: '1 000 memberships', value: seen.small, unit, goal: fast, note });
  row({ name: '100 000 memberships, 1 000 people ask', value: seen.large, unit, goal: fast });
  row({ name: '100 000 memberships, anybody asks', value: seen.all, unit });
  row({
    name: '100 000 against 1 000',
    value: seen.large,
    unit,
    baseline: seen.small,
    goal: { of: 'ratio', atLeast: 0.8 },
  });
  row({ name: '  with facts at hand', value: seen.aloneLarge, unit, baseline: seen.aloneSmall });
  row({
    name: '1 000 against casbin',
    value: seen.small,
    unit,
    baseline: seen.casbin,
    goal: { of: 'ratio', atLeast: 10 },
  });
  row({
    name: '100 000 against CASL, abilities cached',
    value: seen.large,
    unit,
    baseline: seen.casl,
    goal: { of: 'ratio', atLeast: 1 },
  });
});
