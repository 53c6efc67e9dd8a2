import { type Act, commands, type Draft, GROUP, type Question, type Request, ROOT } from './commands.js';

const { createOrg, addMember, removeMember, changeRole, transfer, createEnvironment } = commands;
const { deleteEnvironment, grant, revoke, addModel, removeModel, updateEnvironment } = commands;
const { createGroup, renameGroup, deleteGroup, addGroupMember, removeGroupMember } = commands;
const { addMcpServer, removeMcpServer, connectOAuth, registerWorkflow, moveWorkflow, removeWorkflow } = commands;
const { setPlan, requestTransfer, deleteOrg, assignRole, confirmRole, revokeRole } = commands;
const { addProviderKey, rotateProviderKey, removeProviderKey } = commands;
const { changeScheme, configureSso, setRouting, setBudget, removeBudget, setBillingDetails } = commands;
const { savePaymentMethod, buyCredits, setAutoRecharge, removeAutoRecharge, recordInvoice } = commands;
const { recordUsage, admitUsage, recordBlockedRequest } = commands;
const { updateOrg, suspendOrg, resumeOrg, suspendMember, resumeMember, leave } = commands;

/** Only the platform may send these. */
const ofPlatform = [
  'TransferOrgOwnership',
  'UpdateOrg',
  'SuspendOrg',
  'ResumeOrg',
  'SetOrgPlan',
  'DeleteOrg',
  'ChangeOrgScheme',
  'RecordInvoice',
  'RecordUsage',
  'AdmitUsage',
  'RecordBlockedRequest',
];
/** Appends to a stream of its own, and so stands in no batch with others. */
const isOfUsage = ({ name }: Draft): boolean => ['RecordUsage', 'AdmitUsage', 'RecordBlockedRequest'].includes(name);

const credential = (apiKey: string) => ({ apiKey });
const used = (thousandths: number, environmentId?: string) => [
  { requests: 1, runs: 1, credits: 2, cost: { thousandths, currency: 'EUR' }, ...(environmentId && { environmentId }) },
];
const PARTICIPANT = 'org.participant';
const ADMIN = 'org.admin';
const AUDITOR = 'org.auditor';

/** Short lives of organizations that together pass every kind of call; each begins anew. */
export const scenarios: Readonly<Record<string, readonly Act[]>> = {
  'one organization': [
    [request('create', ROOT, undefined, createOrg('a', 'olga', 'A'))],
    [
      request(
        'several',
        'olga',
        'a',
        addMember('ann', PARTICIPANT),
        createEnvironment('live', 'Live'),
        grant('live', 'ann'),
        createGroup(GROUP, 'The crew'),
        addGroupMember(GROUP, 'ann'),
        grant('live', GROUP),
        addProviderKey('k1', 'openai', 'K1', credential('sk-of-the-first-one')),
      ),
    ],
    [request('model', 'olga', 'a', addModel('live', 'm1', 'openai', 'M1')), { about: 'a' }],
    [request('revoke', 'olga', 'a', revoke('live', 'ann'), rotateProviderKey('k1', credential('sk-of-the-second')))],
    [{ about: 'a' }, { about: 'a' }],
    [
      request(
        'remove',
        'olga',
        'a',
        removeProviderKey('k1'),
        removeModel('live', 'm1'),
        deleteGroup(GROUP),
        deleteEnvironment('live'),
        removeMember('ann'),
      ),
    ],
  ],
  'two who want one person': [
    [
      request('create-a', ROOT, undefined, createOrg('a', 'olga', 'A')),
      request('create-b', ROOT, undefined, createOrg('b', 'boris', 'B')),
    ],
    [
      request('add', 'olga', 'a', addMember('ann', PARTICIPANT)),
      request('want', 'boris', 'b', addMember('ann', PARTICIPANT)),
    ],
    [request('leave', 'olga', 'a', removeMember('ann')), request('leave', 'boris', 'b', removeMember('ann'))],
    [request('win', 'boris', 'b', addMember('ann', ADMIN)), { about: 'b' }],
  ],
  'ownership, repeats and no effect': [
    [request('create', ROOT, undefined, createOrg('a', 'olga', 'A'))],
    [request('add', 'olga', 'a', addMember('ben', PARTICIPANT))],
    [{ ...request('role', 'olga', 'a', changeRole('ben', ADMIN)), token: 2 }],
    [
      request('again', 'olga', 'a', changeRole('ben', ADMIN)),
      request('add', 'olga', 'a', addMember('ben', PARTICIPANT)),
    ],
    [request('transfer', ROOT, 'a', transfer('ben'))],
    [request('create', ROOT, undefined, createOrg('a', 'olga', 'A')), { about: 'a' }],
  ],
  'what it holds, and its end': [
    [request('create', ROOT, undefined, createOrg('a', 'olga', 'A'))],
    [
      request(
        'several',
        'olga',
        'a',
        addMember('ben', ADMIN),
        createEnvironment('live', 'Live'),
        createEnvironment('test', 'Test'),
        addMcpServer('live', 's1', 'S1', 'https://mcp.test'),
        connectOAuth('live', 'c1', 'google', 'C1'),
        registerWorkflow('w1', 'live', 'W1'),
        registerWorkflow('w2', undefined, 'W2'),
        requestTransfer('ben'),
      ),
    ],
    [request('plan', ROOT, 'a', setPlan('large')), request('move', 'olga', 'a', moveWorkflow('w1', 'test'))],
    [request('promote', 'olga', 'a', moveWorkflow('w2', 'test'), moveWorkflow('w1'))],
    [request('less', 'olga', 'a', removeMcpServer('live', 's1'), removeWorkflow('w1')), { about: 'a' }],
    [request('delete', ROOT, 'a', deleteOrg())],
    [request('anew', ROOT, undefined, createOrg('b', 'olga', 'B')), { about: 'b' }],
  ],
  'what it pays, and another scheme': [
    [request('create', ROOT, undefined, createOrg('a', 'olga', 'A'))],
    [
      request(
        'pay',
        'olga',
        'a',
        savePaymentMethod('stripe', 'pm_1'),
        buyCredits('order-1', 10),
        setAutoRecharge(1, 10),
      ),
      request('sso', 'olga', 'a', configureSso('https://login.test', 'a', ['a.test']), setBudget(5, 'EUR', 'month')),
    ],
    [request('invoice', ROOT, 'a', recordInvoice('in-1', '1', '2026-03-01', 10, 'EUR', 'open'))],
    [
      request('paid', ROOT, 'a', recordInvoice('in-1', '1', '2026-03-01', 10, 'EUR', 'paid')),
      request('again', 'olga', 'a', buyCredits('order-1', 10)),
    ],
    [request('scheme', ROOT, 'a', changeScheme('enterprise', 1)), { about: 'a' }],
    [request('no more', 'olga', 'a', buyCredits('order-2', 10))],
  ],
  'what it uses, within a budget': [
    [request('create', ROOT, undefined, createOrg('a', 'olga', 'A'))],
    [request('bound', 'olga', 'a', setBudget(5, 'EUR', 'total'), createEnvironment('live', 'Live'))],
    [request('use', ROOT, 'a', recordUsage(used(1500, 'live'))), request('ask', ROOT, 'a', admitUsage(used(3000)))],
    [request('ask', ROOT, 'a', admitUsage(used(3000))), request('more', ROOT, 'a', admitUsage(used(3000)))],
    [request('block', ROOT, 'a', recordBlockedRequest('budget', 'live'))],
  ],
};

function request(key: string, by: string, org: string | undefined, ...steps: Draft[]): Request {
  return { key, by, steps, ...(org === undefined ? {} : { org }) };
}

/** A few commands that get in each other's way, after an organization was created; some at once, some again. */
export function randomActs(random: () => number): Act[] {
  const pick = <T>(items: readonly [T, ...T[]]): T => items[Math.floor(random() * items.length)] ?? items[0];
  const person = () => pick(['ann', 'ben', 'cleo']);
  const environment = () => pick(['live', 'live', 'test']);
  const role = () => pick([PARTICIPANT, PARTICIPANT, ADMIN]);
  const until = () => pick([undefined, undefined, '2100-01-01T00:00:00.000Z']);
  const kinds: readonly [() => Draft, ...(() => Draft)[]] = [
    () => addMember(person(), role()),
    () => addMember(person(), role()),
    () => addMember(person(), role()),
    () => createEnvironment(environment(), 'An environment'),
    () => createEnvironment(environment(), 'An environment'),
    () => createEnvironment(undefined, 'Unnamed'),
    () => grant(environment(), person(), undefined, until()),
    () => grant(environment(), person(), undefined, until()),
    () => revoke(environment(), person()),
    () => addModel(environment(), pick(['m1', undefined]), 'openai', 'M1'),
    () => removeModel(environment(), 'm1'),
    () => addProviderKey('k1', 'openai', 'K1', credential('sk-of-the-first-one')),
    () => addProviderKey('k1', 'openai', 'K1', credential('sk-of-the-first-one')),
    () => rotateProviderKey('k1', credential(pick(['sk-of-the-first-one', 'sk-of-the-second']))),
    () => removeProviderKey('k1'),
    () => assignRole(person(), AUDITOR, '2100-01-01T00:00:00.000Z'),
    () => confirmRole(person(), AUDITOR),
    () => revokeRole(person(), AUDITOR),
    () => addMcpServer(environment(), 's1', 'S1', 'https://mcp.test'),
    () => registerWorkflow(pick(['w1', undefined]), pick([environment(), undefined]), 'W1'),
    () => moveWorkflow('w1', pick([environment(), environment(), undefined])),
    () => deleteOrg(),
    () => changeRole(person(), role()),
    () => removeMember(person()),
    () => deleteEnvironment(environment()),
    () => transfer(person()),
    () => createGroup(GROUP, 'The crew'),
    () => createGroup(GROUP, 'The crew'),
    () => renameGroup(GROUP, 'Renamed'),
    () => addGroupMember(GROUP, person()),
    () => addGroupMember(GROUP, person()),
    () => removeGroupMember(GROUP, person()),
    () => grant(environment(), GROUP, undefined, until()),
    () => deleteGroup(GROUP),
    () => suspendMember(person()),
    () => resumeMember(person()),
    () => leave(),
    () => updateEnvironment(environment(), 'Renamed'),
    () => updateOrg('Renamed', pick([undefined, null, 'Described'])),
    () => suspendOrg(),
    () => resumeOrg(),
    () => changeScheme('enterprise', 1),
    () => configureSso('https://login.test', pick(['one', 'other']), ['a.test']),
    () => setRouting({ default: pick(['m1', 'm2']) }),
    () => setBudget(5, 'EUR', 'month', pick([undefined, 'live'])),
    () => removeBudget(pick([undefined, 'live'])),
    () => setBillingDetails('Company', pick(['DE', 'FR'])),
    () => savePaymentMethod('stripe', pick(['pm_1', 'pm_2'])),
    () => buyCredits(pick(['order-1', 'order-1', undefined]), 10),
    () => setAutoRecharge(1, 10),
    () => removeAutoRecharge(),
    () => recordInvoice('in-1', '1', '2026-03-01', 10, 'EUR', pick(['open', 'paid'])),
    () => removeWorkflow('w1'),
    () => connectOAuth(environment(), 'c1', 'google', 'C1'),
    () => removeMcpServer(environment(), 's1'),
    () => setPlan('large'),
    () => recordUsage(used(1500, pick([undefined, 'live']))),
    () => admitUsage(used(3000, pick([undefined, 'live']))),
    () => recordBlockedRequest('budget'),
    () => requestTransfer(person()),
  ];
  const owners = { a: 'olga', b: 'boris' } as const;
  const both = random() < 0.3;
  const orgs: readonly ['a', ...('a' | 'b')[]] = both ? ['a', 'b'] : ['a'];
  const sent: Request[] = [];
  const question = (): Question => ({ about: pick(orgs) });
  const next = (): Request => {
    const repeat = sent[Math.floor(random() * sent.length)];
    if (repeat !== undefined && random() < 0.15) return repeat;
    const org = pick(orgs);
    const several = random() < 0.25 ? [pick(kinds)(), pick(kinds)()] : [];
    const key = `k${sent.length}`;
    const only = pick(kinds)();
    const by = ofPlatform.includes(only.name) ? ROOT : random() < 0.1 ? person() : owners[org];
    const token = by !== ROOT && random() < 0.1 ? { token: 2 } : {};
    const steps = isOfUsage(only) ? [only] : [only, ...several.filter((each) => !isOfUsage(each))];
    const made = { ...request(key, by, org, ...steps), ...token };
    sent.push(made);
    return made;
  };
  const first = request('create-a', ROOT, undefined, createOrg('a', owners.a, 'A'));
  const second = request('create-b', ROOT, undefined, createOrg('b', pick([owners.b, owners.b, 'ann']), 'B'));
  const acts: Act[] = [both ? [first, second] : [first]];
  for (let left = 1 + Math.floor(random() * 2); left > 0; left--) {
    const one = next();
    const beside = random();
    acts.push(beside < 0.2 ? [one, next()] : beside < 0.35 ? [one, question()] : [one]);
  }
  if (random() < 0.2) acts.push([question()]);
  return acts;
}
