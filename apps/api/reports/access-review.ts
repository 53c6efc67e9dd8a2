import type { Movement } from '#libs/application/history/review/movements.js';
import type { ReviewedPerson } from '#libs/application/history/review/people.js';
import type { Review } from '#libs/application/history/review/review.js';
import { peopleNamed } from '#projections/people/queries.js';
import { shownEnvironment, shownMoment, shownOrg } from '../queries/history-shapes.js';
import type { Asking } from '../queries/query-row.js';
import {
  type Head,
  type Names,
  type ShownKey,
  type ShownMovement,
  type ShownPerson,
  type ShownPrivileged,
  type ShownUse,
  shownConnection,
  shownKey,
  shownMovement,
  shownPerson,
  shownPrivileged,
  shownUse,
} from './access-review-shapes.js';

/** Looked up at once, so that a report holds no more of them than that. */
const PAGE = 200;

type Services = Pick<Asking['services'], 'reads' | 'ledger' | 'clock'>;

/** A review as it is told, section by section. Each section may be read once or more, and is computed while it is read. */
export interface AccessReview {
  readonly head: Head;
  population(): AsyncIterable<ShownPerson>;
  privileged(): AsyncIterable<ShownPrivileged>;
  movements(kind: Movement['kind']): AsyncIterable<ShownMovement>;
  readonly keys: readonly ShownKey[];
  breakGlass(): AsyncIterable<ShownUse>;
}

export function accessReviewOf(orgId: string, review: Review, services: Services): AccessReview {
  const { at, since, breakGlassRole } = review;
  const kinds = new Map(at.org.state.environments.entries());
  const environments = [...kinds.values()].filter(({ status }) => status === 'active');
  const people = () => namedIn(services, review.people(), ({ id }) => id);
  return {
    head: {
      report: 'access-review',
      at: shownMoment(at),
      since: shownMoment(since),
      generatedAt: new Date(services.clock.now()).toISOString(),
      ledgerKey: services.ledger.key,
      org: shownOrg(orgId, at.org.state.org),
      environments: environments.map(shownEnvironment).sort((a, b) => (a.id < b.id ? -1 : 1)),
    },
    async *population() {
      for await (const { item, names } of people()) yield shownPerson(item, names, kinds, breakGlassRole);
    },
    async *privileged() {
      for await (const { item, names } of people()) if (isPrivileged(item)) yield shownPrivileged(item, names, kinds);
    },
    async *movements(kind) {
      const found = pagesOf(review.movements(), (movement) => movement.kind === kind);
      for await (const { item, names } of namedIn(services, found, ({ principal }) => principal))
        yield shownMovement(item, names);
    },
    keys: [
      ...review.connections.map((connection) => shownConnection(connection, at.at)),
      ...review.keys.map((key) => shownKey(key, at.at)),
    ],
    async *breakGlass() {
      const found = pagesOf(review.breakGlass, () => true);
      for await (const { item, names } of namedIn(services, found, ({ actor }) => actor)) yield shownUse(item, names);
    },
  };
}

const isPrivileged = ({ privileges }: ReviewedPerson): boolean => privileges.length > 0;

function* pagesOf<Item>(items: Iterable<Item>, wanted: (item: Item) => boolean): Iterable<readonly Item[]> {
  let page: Item[] = [];
  for (const item of items) {
    if (!wanted(item)) continue;
    if (page.push(item) < PAGE) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** Names are those of today: whoever was erased since has none in a report about any time. */
async function* namedIn<Item>(
  { reads }: Services,
  pages: Iterable<readonly Item[]> | AsyncIterable<readonly Item[]>,
  idOf: (item: Item) => string,
): AsyncIterable<{ readonly item: Item; readonly names: Names }> {
  for await (const page of pages) {
    const found = await peopleNamed(reads, [...new Set(page.map(idOf))]);
    const names = new Map(found.map(({ user_id: id, name, email }) => [id, { name, email }]));
    for (const item of page) yield { item, names };
  }
}
