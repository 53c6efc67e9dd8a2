import { describe, expect, it } from '@jest/globals';
import { acmeOf, builtIn, fold, given, newId, nothing, refused } from '../../../test/support/decider.js';
import type { OrgEvent } from './events.js';
import { orgCommands } from './decisions.js';

const created = acmeOf('olga');
const place = (environmentId: string): OrgEvent => ({
  type: 'EnvironmentCreated',
  data: { environmentId, name: environmentId },
});
const live = place('live');
const test = place('test');
const gone: OrgEvent = { type: 'EnvironmentDeleted', data: { environmentId: 'live' } };

describe('what an environment holds (T28, T29)', () => {
  const server = { environmentId: 'live', serverId: 'crm', name: 'CRM', url: 'https://mcp.acme.test/crm' };
  const added: OrgEvent = { type: 'EnvironmentMcpServerAdded', data: server };
  const connection = { environmentId: 'live', connectionId: 'drive', provider: 'google', name: 'Drive' };
  const connected: OrgEvent = { type: 'OAuthConnected', data: connection };

  it('MCP servers are added and removed, and go with it', () => {
    given([created, live]).when('AddMcpServer', server).then([added]);
    given([created, live, added])
      .when('AddMcpServer', { ...server, name: 'Other' })
      .then(refused('mcp_server_exists'));
    const named = { environmentId: 'live', serverId: 'crm' };
    given([created, live, added])
      .when('RemoveMcpServer', named)
      .then([{ type: 'EnvironmentMcpServerRemoved', data: named }]);
    given([created, live]).when('RemoveMcpServer', named).then(nothing);
    given([created]).when('AddMcpServer', server).then(refused('environment_not_found'));
    expect(fold('org', [created, live, added, gone]).environments.get('live')?.mcpServers).toBeUndefined();
  });

  it('OAuth connections are recorded and ended', () => {
    given([created, live]).when('ConnectOAuth', connection).then([connected]);
    given([created, live, connected])
      .when('ConnectOAuth', { ...connection, provider: 'github' })
      .then(refused('oauth_connection_exists'));
    const named = { environmentId: 'live', connectionId: 'drive' };
    given([created, live, connected])
      .when('DisconnectOAuth', named)
      .then([{ type: 'OAuthDisconnected', data: named }]);
    given([created, live, gone]).when('DisconnectOAuth', named).then(refused('environment_not_found'));
  });

  it('takes no endpoint with credentials in it, and none that is no web address', () => {
    for (const url of ['https://me:secret@mcp.test', 'ftp://mcp.test', 'javascript:alert(1)', 'mcp.test', ''])
      expect([url, orgCommands.AddMcpServer.safeParse({ ...server, url }).success]).toEqual([url, false]);
  });
});

describe('workflows (T36, T42)', () => {
  const registered: OrgEvent = {
    type: 'WorkflowRegistered',
    data: { workflowId: 'w', environmentId: 'live', name: 'W', ownerId: 'ann' },
  };
  const history = [created, live, test, registered];
  const ann: OrgEvent = { type: 'MemberAdded', data: { userId: 'ann', role: 'org.admin' } };

  it('are linked to one environment from the first moment on', () => {
    given([created, live], undefined, 'ann')
      .when('RegisterWorkflow', { environmentId: 'live', name: 'W' })
      .then([{ ...registered, data: { ...registered.data, workflowId: newId } } as OrgEvent]);
    given(history, undefined, 'bob')
      .when('RegisterWorkflow', { workflowId: 'w', environmentId: 'live', name: 'W' })
      .then(refused('workflow_exists'));
    given([created], undefined, 'ann')
      .when('RegisterWorkflow', { environmentId: 'live', name: 'W' })
      .then(refused('environment_not_found'));
  });

  it('are moved by their owner, one link in place of the other', () => {
    const move = { workflowId: 'w', environmentId: 'test' };
    given(history, undefined, 'ann')
      .when('MoveWorkflow', move)
      .then([{ type: 'WorkflowMoved', data: { ...move, from: 'live' } }]);
    given(history, undefined, 'bob').when('MoveWorkflow', move).then(refused('workflow_not_owned'));
    given([created, test], undefined, 'ann').when('MoveWorkflow', move).then(refused('workflow_not_found'));
    given([created, live, registered], undefined, 'ann')
      .when('MoveWorkflow', move)
      .then(refused('environment_not_found'));
  });

  it('begin in the personal environment of their owner, and go from it to a shared one and back', () => {
    const personal: OrgEvent = {
      type: 'PersonalWorkflowRegistered',
      data: { workflowId: 'w', name: 'W', ownerId: 'ann' },
    };
    const promoted: OrgEvent = { type: 'WorkflowPromoted', data: { workflowId: 'w', environmentId: 'live' } };
    const back: OrgEvent = { type: 'WorkflowMadePersonal', data: { workflowId: 'w', from: 'live' } };
    const before = [created, ann, live, personal];
    const register = { workflowId: 'w', name: 'W' };
    given([created, ann], undefined, 'ann').when('RegisterWorkflow', register).then([personal]);
    given(before, undefined, 'ann').when('RegisterWorkflow', register).then(nothing);
    given(before, undefined, 'ann')
      .when('RegisterWorkflow', { ...register, environmentId: 'live' })
      .then(refused('workflow_exists'));
    given(before, undefined, 'ann').when('MoveWorkflow', { workflowId: 'w' }).then(nothing);
    given(before, undefined, 'ann').when('MoveWorkflow', promoted.data).then([promoted]);
    given([...before, promoted], undefined, 'ann')
      .when('MoveWorkflow', promoted.data)
      .then(nothing);
    given([...before, promoted], undefined, 'ann')
      .when('MoveWorkflow', { workflowId: 'w' })
      .then([back]);
    expect(fold('org', [...before, promoted]).workflows.get('w')).toMatchObject({ environmentId: 'live' });
    expect(fold('org', [...before, promoted, back]).workflows.get('w')?.environmentId).toBeUndefined();
  });

  it('are in a personal environment where the scheme has them, and of a member; nobody else is told of them (T40)', () => {
    const personal: OrgEvent = {
      type: 'PersonalWorkflowRegistered',
      data: { workflowId: 'w', name: 'W', ownerId: 'ann' },
    };
    const [teams, left] = [
      builtIn('teams'),
      { type: 'MemberRemoved', data: { userId: 'ann', role: 'org.admin' } } as const,
    ];
    given([created, ann], teams, 'ann')
      .when('RegisterWorkflow', { name: 'W' })
      .then(refused('personal_environment_unknown'));
    given([created, ann, live, registered], teams, 'ann')
      .when('MoveWorkflow', { workflowId: 'w' })
      .then(refused('personal_environment_unknown'));
    given([created, ann, left], undefined, 'ann')
      .when('RegisterWorkflow', { name: 'W' })
      .then(refused('member_not_found'));
    given([created, ann, live, personal], undefined, 'olga')
      .when('MoveWorkflow', { workflowId: 'w', environmentId: 'live' })
      .then(refused('workflow_not_found'));
    given([created, ann, personal], undefined, 'olga')
      .when('RemoveWorkflow', { workflowId: 'w' })
      .then(refused('workflow_not_found'));
  });

  it('are removed for good', () => {
    const removed: OrgEvent = { type: 'WorkflowRemoved', data: { workflowId: 'w' } };
    given(history, undefined, 'ann').when('RemoveWorkflow', { workflowId: 'w' }).then([removed]);
    given([...history, removed], undefined, 'ann')
      .when('RemoveWorkflow', { workflowId: 'w' })
      .then(nothing);
    // Others are not told that there was one.
    given([...history, removed], undefined, 'olga')
      .when('RemoveWorkflow', { workflowId: 'w' })
      .then(refused('workflow_not_found'));
    given([...history, removed], undefined, 'ann')
      .when('RegisterWorkflow', { workflowId: 'w', environmentId: 'live', name: 'W' })
      .then(refused('workflow_exists'));
  });
});

describe('what an organization configures (G8)', () => {
  const set = (version: number, document: string): OrgEvent => ({
    type: 'DocumentSet',
    data: { kind: 'routing', version, document },
  });

  it('documents are versioned and otherwise left alone', () => {
    given([created])
      .when('SetRouting', { document: { share: 0.5, to: ['a\nb'] } })
      .then([set(1, '{"share":0.5,"to":["a\\nb"]}')]);
    given([created, set(1, '{"a":1}')])
      .when('SetRouting', { document: { b: 2 } })
      .then([set(2, '{"b":2}')]);
    given([created, set(1, '{"a":1}')])
      .when('SetRouting', { document: { a: 1 } })
      .then(nothing);
    given([created, set(1, '{"a":1}')])
      .when('SetGuardrails', { document: { a: 1 } })
      .then([{ type: 'DocumentSet', data: { kind: 'guardrails', version: 1, document: '{"a":1}' } }]);
  });

  it('takes no document that a store would not take', () => {
    for (const document of [{ a: '\0' }, { '\ud800': 1 }, { a: 'x'.repeat(31_000) }, [], 'text', null])
      expect(orgCommands.SetRouting.safeParse({ document }).success).toBe(false);
    expect(orgCommands.SetRouting.safeParse({ document: { a: '\u{1F600}' } }).success).toBe(true);
  });

  it('budgets are of the organization or of an environment', () => {
    const budget = { amount: 500, currency: 'EUR', period: 'month' } as const;
    given([created])
      .when('SetBudget', budget)
      .then([{ type: 'BudgetSet', data: budget }]);
    const ofLive = { ...budget, environmentId: 'live' };
    given([created, live])
      .when('SetBudget', ofLive)
      .then([{ type: 'BudgetSet', data: ofLive }]);
    given([created]).when('SetBudget', ofLive).then(refused('environment_not_found'));
    given([created, live, { type: 'BudgetSet', data: ofLive }])
      .when('RemoveBudget', {})
      .then(nothing);
    given([created, live, { type: 'BudgetSet', data: ofLive }])
      .when('RemoveBudget', { environmentId: 'live' })
      .then([{ type: 'BudgetRemoved', data: { environmentId: 'live' } }]);
  });

  it('its own MCP servers are added and removed', () => {
    const server = { serverId: 'search', name: 'Search', url: 'https://mcp.acme.test/search' };
    const added: OrgEvent = { type: 'McpServerAdded', data: server };
    given([created]).when('AddOrgMcpServer', server).then([added]);
    given([created, added])
      .when('AddOrgMcpServer', { ...server, name: 'X' })
      .then(refused('mcp_server_exists'));
    given([created, added])
      .when('RemoveOrgMcpServer', { serverId: 'search' })
      .then([{ type: 'McpServerRemoved', data: { serverId: 'search' } }]);
  });
});

describe('the end of an organization, and the wish for another owner', () => {
  const deleted: OrgEvent = { type: 'OrgDeleted', data: {} };
  const ann: OrgEvent = { type: 'MemberAdded', data: { userId: 'ann', role: 'org.admin' } };
  const bob: OrgEvent = { type: 'MemberAdded', data: { userId: 'bob', role: 'org.participant' } };

  it('has one outside witness of its ledger at most, whom only an encrypted connection leads to', () => {
    const url = 'https://witness.test/acme';
    const set: OrgEvent = { type: 'CheckpointWitnessSet', data: { url } };
    const removed: OrgEvent = { type: 'CheckpointWitnessRemoved', data: {} };
    given([created]).when('SetCheckpointWitness', { url }).then([set]);
    given([created, set]).when('SetCheckpointWitness', { url }).then(nothing);
    given([created, set]).when('RemoveCheckpointWitness', {}).then([removed]);
    given([created, set, removed]).when('RemoveCheckpointWitness', {}).then(nothing);
    given([created, deleted]).when('SetCheckpointWitness', { url }).then(refused('org_not_found'));
    expect(fold('org', [created, set]).settings?.checkpointWitness).toEqual({ url });
    expect(fold('org', [created, set, removed]).settings).toEqual({ documents: {}, mcpServers: {}, budgets: {} });
    const input = orgCommands.SetCheckpointWitness;
    for (const sound of ['https://a.test:8443/x?y=z', 'http://127.0.0.1:9000/', 'http://localhost/'])
      expect(input.safeParse({ url: sound }).success).toBe(true);
    for (const other of ['http://a.test', 'http://127.0.0.1.a.test', 'https://me:secret@a.test', 'ftp://127.0.0.1', ''])
      expect(input.safeParse({ url: other }).success).toBe(false);
  });

  it('deletes once, and never gives the id again', () => {
    given([created]).when('DeleteOrg', {}).then([deleted]);
    given([created, deleted]).when('DeleteOrg', {}).then(nothing);
    given([created, deleted])
      .when('CreateOrg', { orgId: 'acme', name: 'Acme', ownerId: 'ann' })
      .then(refused('org_exists'));
    given([created, deleted]).when('AddMember', { userId: 'ann', role: 'org.admin' }).then(refused('org_not_found'));
  });

  it('asks for an owner who could be one, until the ownership is transferred (T16)', () => {
    const request: OrgEvent = { type: 'OrgOwnershipTransferRequested', data: { to: 'ann', requestedBy: 'olga' } };
    given([created, ann], undefined, 'olga').when('RequestOwnershipTransfer', { toUserId: 'ann' }).then([request]);
    given([created, bob], undefined, 'olga')
      .when('RequestOwnershipTransfer', { toUserId: 'bob' })
      .then(refused('transfer_target_role'));
    given([created], undefined, 'olga')
      .when('RequestOwnershipTransfer', { toUserId: 'ann' })
      .then(refused('member_not_found'));
    given([created], builtIn('gateway'), 'olga')
      .when('RequestOwnershipTransfer', { toUserId: 'olga' })
      .then(refused('transfer_target_role'));
    const moved: OrgEvent = {
      type: 'OrgOwnershipTransferred',
      data: { from: 'olga', to: 'ann', role: 'org.owner', given: 'org.admin', left: 'org.admin' },
    };
    expect(fold('org', [created, ann, request]).org.transferRequest).toEqual({ to: 'ann', requestedBy: 'olga' });
    expect(fold('org', [created, ann, request, moved]).org.transferRequest).toBeUndefined();
  });
});
