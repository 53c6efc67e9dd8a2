import type { StoredEvent } from '#libs/application/ports/event-store.js';
import type { UsageEvent } from '#libs/domain/usage/usage.js';
import type { Row, Rows } from './rows.js';

type Line = Extract<UsageEvent, { type: 'UsageRecorded' }>['data']['lines'][number];

/** What is kept of an organization's usage: sums by day and of what caps are compared with, and requests that were blocked. */
export class UsageOracle {
  private readonly days = new Map<string, Row>();
  private readonly meters = new Map<string, Row>();
  private readonly blocked: Row[] = [];

  constructor(private readonly stream: string) {}

  apply(event: StoredEvent): void {
    const { type, data } = event as unknown as UsageEvent;
    if (type === 'UsageRecorded') for (const line of data.lines) this.used(line);
    else this.block(data, `${event.revision}`);
  }

  addTo(rows: Rows): void {
    for (const row of this.days.values()) rows.add('usage_by_day', row);
    for (const row of this.meters.values()) rows.add('usage_meters', row);
    for (const row of this.blocked) rows.add('blocked_requests', row);
  }

  private used(line: Line): void {
    const { day, userId = '', environmentId = '', provider = '', model = '', byok, cost } = line;
    const { requests = 0, runs = 0, inputTokens = 0, outputTokens = 0, credits = 0 } = line;
    const paid_by = byok === true ? 'organization' : 'platform';
    const currency = cost?.currency ?? '';
    const where = { user_id: userId, environment_id: environmentId, provider, model };
    add(
      this.days,
      { stream: this.stream, day, ...where, paid_by, currency },
      {
        requests,
        runs,
        input_tokens: inputTokens,
        output_tokens: outputTokens,
        credits,
        cost: cost?.thousandths ?? 0,
      },
    );
    const month = day.slice(0, 7);
    this.meter('', [month], 'runs', runs);
    if (byok === true) return;
    this.meter('', [month, 'total'], 'credits', credits);
    const scopes = ['', environmentId && `environment/${environmentId}`, userId && `user/${userId}`];
    for (const [i, scope] of scopes.entries())
      if (i === 0 || scope !== '') this.meter(scope, [day, month, 'total'], `cost/${currency}`, cost?.thousandths ?? 0);
  }

  /** What adds nothing leaves no row. */
  private meter(scope: string, periods: readonly string[], measure: string, value: number): void {
    if (value > 0)
      for (const period of periods) add(this.meters, { stream: this.stream, scope, period, measure }, { value });
  }

  private block(data: Extract<UsageEvent, { type: 'RequestBlocked' }>['data'], revision: string): void {
    const { at, userId = null, environmentId = null, provider = null, model = null, reason, rule = null } = data;
    const named = { user_id: userId, environment_id: environmentId, provider, model, reason, rule };
    this.blocked.push({ stream: this.stream, revision, at, ...named });
  }
}

function add(rows: Map<string, Row>, key: Row, sums: Readonly<Record<string, number>>): void {
  const name = Object.values(key).join('\0');
  const before = rows.get(name) ?? {};
  const added = Object.entries(sums).map(([column, more]) => [column, `${Number(before[column] ?? 0) + more}`]);
  rows.set(name, { ...key, ...Object.fromEntries(added) });
}
