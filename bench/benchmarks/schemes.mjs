import { register } from 'node:module';
import { permit } from '../../dist/libs/domain/access/permit.js';
import { schemeOf } from '../../dist/libs/domain/schemes/built-in.js';
import { benchmark, decisionRate, inTurns } from '../support/benchmark.mjs';

// The acceptance table is TypeScript of the tests; what it imports of the product is what was built.
register('../../test/support/run-ts-hooks.mjs', import.meta.url);
const { matrices } = await import('../../test/scheme/matrices.ts');
const { questionOf } = await import('../../test/scheme/situation.ts');

/** Every cell of the scheme's table with the facts of its situation at hand, each checked against what the table says. */
function questionsOf({ scheme: id, cells, situation }) {
  const scheme = schemeOf({ id, version: 1 });
  // What is reached through another environment's credential is two questions.
  return cells
    .filter(({ through }) => through === undefined)
    .map((cell) => {
      const asked = questionOf(situation, scheme, cell);
      if (decide(asked) !== (cell.expected === 'allowed')) throw new Error(`${id}: ${cell.row} ${cell.column} differs`);
      return asked;
    });
}

const decide = ({ facts, question }) => permit(facts, question).allowed;

await benchmark(async ({ row }) => {
  const questions = new Map(matrices.map((matrix) => [matrix.scheme, questionsOf(matrix)]));
  global.gc?.();
  const seen = await inTurns(
    Object.fromEntries([...questions].map(([scheme, asked]) => [scheme, () => decisionRate(asked, decide)])),
    { rounds: 11, warmUp: 2 },
  );
  for (const [scheme, asked] of questions)
    row({
      name: scheme,
      value: seen[scheme],
      unit: 'decisions/s',
      ...(scheme === 'enterprise' ? {} : { baseline: seen.enterprise, against: 'enterprise' }),
      goal: { of: 'value', atLeast: 300_000 },
      note: `${asked.length} questions of its acceptance table, ${asked.filter(decide).length} allowed`,
    });
});
