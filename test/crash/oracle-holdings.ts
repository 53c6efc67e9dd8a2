import type { OrgEvent } from '#libs/domain/org/events.js';
import { optional, type Row, type Rows } from './rows.js';

export type HeldEvent = Extract<
  OrgEvent,
  {
    type:
      | `Budget${string}`
      | `CheckpointWitness${string}`
      | `ProviderKey${string}`
      | 'DocumentSet'
      | `McpServer${string}`
      | `Workflow${string}`
      | 'PersonalWorkflowRegistered'
      | `AutoRecharge${string}`
      | 'BillingDetailsSet'
      | 'PaymentMethodSaved'
      | 'CreditsBought'
      | 'InvoiceRecorded';
  }
>;

interface HeldWorkflow {
  row: Row;
  active: boolean;
  /** Id of the event that linked it. */
  evidence: string;
}

/** What one organization holds that no access follows from, as OrgOracle writes down the rest. */
export class HoldingsOracle {
  /** A removed one keeps its place, and no row. */
  private readonly workflows = new Map<string, HeldWorkflow>();
  private readonly documents: Record<string, Row> = {};
  private readonly mcpServers: Record<string, Row> = {};
  private readonly budgets: Record<string, Row> = {};
  private providerKeys: Record<string, Row> | undefined;
  private checkpointWitness: Row | undefined;
  private billing: Row | undefined;
  /** Purchases, and invoices with the instants that they were first and last recorded at. */
  private readonly charges = new Map<string, Row>();
  private readonly invoices = new Map<string, Row>();
  private configured = false;

  constructor(private readonly orgId: string) {}

  apply({ type, data }: HeldEvent, at: string, id: string): void {
    switch (type) {
      case 'PersonalWorkflowRegistered':
      case 'WorkflowRegistered': {
        const { workflowId, name, ownerId } = data;
        const environmentId = 'environmentId' in data ? data.environmentId : null;
        const owned = { org_id: this.orgId, workflow_id: workflowId, name, owner_id: ownerId };
        this.workflows.set(workflowId, {
          evidence: id,
          row: { ...owned, environment_id: environmentId, registered_at: at },
          active: true,
        });
        break;
      }
      case 'WorkflowPromoted':
      case 'WorkflowMadePersonal':
      case 'WorkflowMoved': {
        const found = this.workflow(data.workflowId);
        const environmentId = type === 'WorkflowMadePersonal' ? null : data.environmentId;
        Object.assign(found, { row: { ...found.row, environment_id: environmentId }, evidence: id });
        break;
      }
      case 'WorkflowRemoved':
        this.workflow(data.workflowId).active = false;
        break;
      case 'DocumentSet':
        this.documents[data.kind] = { version: data.version, document: data.document };
        break;
      case 'McpServerAdded':
        this.mcpServers[data.serverId] = { name: data.name, url: data.url };
        break;
      case 'McpServerRemoved':
        delete this.mcpServers[data.serverId];
        break;
      case 'BudgetSet': {
        const { amount, currency, period, environmentId = '' } = data;
        this.budgets[environmentId] = { amount, currency, period };
        break;
      }
      case 'BudgetRemoved':
        delete this.budgets[data.environmentId ?? ''];
        break;
      case 'BillingDetailsSet':
        this.billing = { ...this.billing, details: data };
        break;
      case 'PaymentMethodSaved':
        this.billing = { ...this.billing, paymentMethod: data };
        break;
      case 'CreditsBought': {
        const { purchaseId, credits } = data;
        const charged = `purchase/${purchaseId}`;
        if (this.charges.has(charged)) throw new Error(`${this.orgId} has bought ${purchaseId} twice`);
        this.charges.set(charged, { id: charged, credits });
        this.billing = { ...this.billing, creditsBought: Number(this.billing?.['creditsBought'] ?? 0) + credits };
        break;
      }
      case 'AutoRechargeSet':
        this.billing = { ...this.billing, autoRecharge: data };
        break;
      case 'AutoRechargeRemoved': {
        const { autoRecharge: _, ...rest } = this.billing ?? {};
        this.billing = rest;
        break;
      }
      case 'InvoiceRecorded': {
        const { invoiceId, ...invoice } = data;
        this.charges.set(`invoice/${invoiceId}`, { id: `invoice/${invoiceId}`, invoice });
        const { issuedOn, amount, url, ...rest } = invoice;
        const first = this.invoices.get(invoiceId)?.['recorded_at'] ?? at;
        const row = { invoice_id: invoiceId, issued_on: issuedOn, amount: `${amount}`, url: url ?? null, ...rest };
        this.invoices.set(invoiceId, { org_id: this.orgId, ...row, recorded_at: first, changed_at: at });
        break;
      }
      case 'CheckpointWitnessSet':
        this.checkpointWitness = { url: data.url };
        break;
      case 'CheckpointWitnessRemoved':
        this.checkpointWitness = undefined;
        break;
      case 'ProviderKeyAdded': {
        const { keyId, provider, name, credential } = data;
        this.providerKeys = { ...this.providerKeys, [keyId]: { provider, name, credential } };
        break;
      }
      case 'ProviderKeyRotated':
        this.providerKeys = {
          ...this.providerKeys,
          [data.keyId]: { ...this.providerKeys?.[data.keyId], credential: data.credential },
        };
        break;
      case 'ProviderKeyRemoved':
        delete this.providerKeys?.[data.keyId];
        break;
    }
    this.configured ||=
      /^(Document|McpServer|Budget|Checkpoint|ProviderKey|Billing|PaymentMethod|Credits|AutoRecharge)/.test(type);
  }

  addTo(rows: Rows, stream: string, deleted: boolean): void {
    for (const [id, { row, active, evidence }] of this.workflows) {
      if (active && !deleted) rows.add('workflows', row);
      const { name, owner_id: ownerId, environment_id: environmentId } = row;
      const linked = environmentId === null ? {} : { environmentId };
      const doc = { id, name, ownerId, ...linked, status: active ? 'active' : 'removed', evidence };
      rows.add('access_documents', { stream, kind: 'workflow', id, doc });
    }
    const { documents, mcpServers, budgets } = this;
    const witness = this.checkpointWitness === undefined ? {} : { checkpointWitness: this.checkpointWitness };
    const keys = optional({ providerKeys: this.providerKeys });
    for (const [id, doc] of this.charges) rows.add('access_documents', { stream, kind: 'charge', id, doc });
    if (!deleted) for (const row of this.invoices.values()) rows.add('invoices', row);
    if (!this.configured) return;
    rows.add('access_documents', {
      stream,
      kind: 'settings',
      id: '',
      doc: { documents, mcpServers, budgets, ...witness, ...keys, ...optional({ billing: this.billing }) },
    });
  }

  private workflow(id: string): HeldWorkflow {
    const found = this.workflows.get(id);
    if (found?.active !== true) throw new Error(`${this.orgId} has no workflow ${id}`);
    return found;
  }
}

/** What an environment holds beside its models; the fields that were never there are absent from its document. */
export class EnvironmentHoldings {
  private mcpServers: Record<string, Row> | undefined;
  private oauthConnections: Record<string, Row> | undefined;
  private credential: Row | undefined;

  apply({ type, data }: OrgEvent): void {
    if (type === 'EnvironmentMcpServerAdded')
      this.mcpServers = { ...this.mcpServers, [data.serverId]: { name: data.name, url: data.url } };
    if (type === 'EnvironmentMcpServerRemoved') delete this.mcpServers?.[data.serverId];
    if (type === 'OAuthConnected') {
      const { connectionId, provider, name } = data;
      this.oauthConnections = { ...this.oauthConnections, [connectionId]: { provider, name } };
    }
    if (type === 'OAuthDisconnected') delete this.oauthConnections?.[data.connectionId];
    if (type === 'EnvironmentCredentialIssued') this.credential = { id: data.credential.secretId };
    if (type === 'EnvironmentCredentialRotated')
      this.credential = { id: data.credential.secretId, former: { id: this.credential?.id, until: data.formerUntil } };
    if (type === 'EnvironmentCredentialRevoked') this.credential = undefined;
    if (type === 'EnvironmentDeleted')
      Object.assign(this, { mcpServers: undefined, oauthConnections: undefined, credential: undefined });
  }

  get document(): Row {
    return optional({
      mcpServers: this.mcpServers,
      oauthConnections: this.oauthConnections,
      credential: this.credential,
    });
  }
}
