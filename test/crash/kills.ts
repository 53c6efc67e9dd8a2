import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { CommandAnswer } from '#libs/application/outcome.js';
import type { OrgEvent } from '#libs/domain/org/events.js';
import { signDevToken } from '#libs/platform/identity/dev-issuer.js';
import { openDatabase } from '#libs/readstore/database.js';
import { type Answered, answerTo, type Target } from '../fault/crash-clients.js';
import { orgs, ownerOf, plannedCommands, seeded } from '../fault/crash-plan.js';
import { mayUse } from '../property/naive-access.js';
import { NaiveOrg } from '../property/naive-org.js';
import { wholeLog } from '../support/whole-log.js';
import { KilledDeployment, type Victim } from './killed-deployment.js';
import { StoredRows } from './stored-rows.js';
import { answersAgainst, rowsAgainst } from './verify.js';

const CLIENTS = 12;
/** Between two kills: so that some processes are killed while they start, and others when they have long been up. */
const PAUSE_MS = 700;
const CAUGHT_UP_WITHIN_MS = 120_000;
const ADMIN = 'admin';

export interface Killed {
  readonly killed: Readonly<Record<string, number>>;
  readonly commands: { readonly acknowledged: number; readonly refused: number; readonly sentAgain: number };
  readonly events: number;
  readonly questions: number;
  readonly mismatches: readonly string[];
}

/** Kills one process after another while clients send commands; then compares what was answered and what is kept with the log. */
export async function killAndCompare(
  kills: number,
  seed: number,
  say: (line: string) => void = () => {},
): Promise<Killed> {
  const deployment = await KilledDeployment.start();
  try {
    const random = seeded(seed);
    const bearers = await foundOrgs(deployment);
    const queue = plannedCommands(100_000, random);
    const answers: Answered[] = [];
    let over = false;
    const client = async (index: number) => {
      const target: Target = { url: deployment.apis[index % 2] ?? '', bearerOf: (caller) => bearers.get(caller) ?? '' };
      for (let next = queue.shift(); next !== undefined && !over; next = queue.shift())
        answers.push(await answerTo(next, target));
    };
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
    const killed: Record<string, number> = {};
    for (let kill = 0; kill < kills; kill++) {
      const victim = KilledDeployment.victims[kill % KilledDeployment.victims.length] as Victim;
      await sleep(random() * PAUSE_MS);
      await deployment.kill(victim);
      killed[victim] = (killed[victim] ?? 0) + 1;
      if (kill % 20 === 19) say(`${kill + 1} kills, ${answers.length} answers`);
    }
    over = true;
    await deployment.ready();
    await clients;
    return await compared(deployment, answers, killed, bearers);
  } finally {
    await deployment.stop();
  }
}

/** Answers the `Authorization` headers of everybody who sends commands. */
async function foundOrgs({ keys, apis }: KilledDeployment): Promise<ReadonlyMap<string, string>> {
  const bearer = async (sub: string, email: string) =>
    `Bearer ${await signDevToken(keys, { sub, email, ttlSeconds: 7200 })}`;
  const bearers = new Map([[ADMIN, await bearer(ADMIN, 'admin@localhost')]]);
  for (const owner of orgs.map(ownerOf)) bearers.set(owner, await bearer(owner, emailOf(owner)));
  for (const orgId of orgs) {
    const headers = { authorization: bearers.get(ADMIN) ?? '', 'content-type': 'application/json' };
    const body = JSON.stringify({ orgId, name: orgId, ownerId: ownerOf(orgId) });
    const { status } = await fetch(`${apis[0]}/v1/realm/commands/CreateOrg`, { method: 'POST', headers, body });
    if (status !== 200) throw new Error(`${orgId} was not created: ${status}`);
  }
  return bearers;
}

const emailOf = (person: string) => (person === ADMIN ? 'admin@localhost' : `${person}@example.test`);

async function compared(
  deployment: KilledDeployment,
  answers: readonly Answered[],
  killed: Killed['killed'],
  bearers: ReadonlyMap<string, string>,
): Promise<Killed> {
  const log = await wholeLog(deployment.eventStoreUrl);
  const db = openDatabase(deployment.postgresUrl, { poolSize: 2 });
  try {
    const acknowledged = answers.filter(({ status }) => status === 200);
    const strange = answers.filter(({ status }) => ![200, 409, 422].includes(status));
    const done = acknowledged.map(({ body }) => ({
      kind: 'done' as const,
      answer: body as CommandAnswer,
      repeated: false,
    }));
    const stored = await StoredRows.in(db);
    const differing = await untilEqual(() =>
      rowsAgainst(stored, log, (person) => ({ email: emailOf(person), name: null })),
    );
    const { questions, wrong } = await asked(deployment, log, bearers);
    return {
      killed,
      commands: {
        acknowledged: acknowledged.length,
        refused: answers.length - acknowledged.length,
        sentAgain: answers.filter(({ tries }) => tries > 1).length,
      },
      events: log.length,
      questions,
      mismatches: [
        ...strange.map(({ command, status, body }) => `${command.key} was answered ${status}: ${JSON.stringify(body)}`),
        ...answersAgainst(log, done),
        ...differing,
        ...wrong,
      ],
    };
  } finally {
    await db.destroy();
  }
}

/** The projector may still be on its way; what differs for good is wrong. */
async function untilEqual(differences: () => Promise<string[]>): Promise<string[]> {
  const deadline = performance.now() + CAUGHT_UP_WITHIN_MS;
  for (;;) {
    const found = await differences();
    if (found.length === 0 || performance.now() > deadline) return found;
    await sleep(200);
  }
}

/** Every person about every environment, of both api processes, twice: one that just started and has nothing in memory. */
async function asked(deployment: KilledDeployment, log: readonly StoredEvent[], bearers: ReadonlyMap<string, string>) {
  await deployment.kill('api 2');
  await deployment.ready();
  const wrong: string[] = [];
  let questions = 0;
  for (const orgId of orgs) {
    const org = new NaiveOrg();
    for (const event of log) if (event.stream === `org-${orgId}`) org.apply(event as unknown as OrgEvent);
    const people = [...org.roles.keys(), 'nobody'];
    const environments = [...org.environments.keys(), ...org.deleted, 'none'];
    const evaluations = people.flatMap((id) =>
      environments.map((environment) => ({
        subject: { type: 'user', id },
        resource: { type: 'environment', id: `${orgId}/${environment}` },
      })),
    );
    const expected = people.flatMap((person) => environments.map((each) => mayUse(org, person, each, Date.now())));
    for (const url of [...deployment.apis, ...deployment.apis]) {
      const headers = { authorization: bearers.get(ownerOf(orgId)) ?? '', 'content-type': 'application/json' };
      for (const [index, evaluation] of evaluations.entries()) {
        const body = JSON.stringify({ ...evaluation, action: { name: 'environment:use' } });
        const response = await fetch(`${url}/access/v1/evaluation`, { method: 'POST', headers, body });
        const { decision } = (await response.json()) as { decision?: boolean };
        questions += 1;
        if (decision !== expected[index])
          wrong.push(`${url} answers ${response.status} ${decision} instead of ${expected[index]} for ${body}`);
      }
    }
  }
  return { questions, wrong };
}
