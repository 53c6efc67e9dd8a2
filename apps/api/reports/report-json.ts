import type { AccessReview } from './access-review.js';

/** One JSON object, written as it is read: `accessReviewShape`. Cut off, it is no JSON. */
export async function* jsonOf(review: AccessReview): AsyncIterable<string> {
  yield JSON.stringify(review.head).slice(0, -1);
  yield* member('population', review.population());
  yield* member('privileged', review.privileged());
  yield* member('joiners', review.movements('joined'));
  yield* member('movers', review.movements('moved'));
  yield* member('leavers', review.movements('left'));
  yield* member('keys', review.keys);
  yield* member('breakGlass', review.breakGlass());
  yield '}\n';
}

async function* member(name: string, items: AsyncIterable<object> | Iterable<object>): AsyncIterable<string> {
  yield `,${JSON.stringify(name)}:[`;
  let separator = '\n';
  for await (const item of items) {
    yield separator + JSON.stringify(item);
    separator = ',\n';
  }
  yield ']';
}
