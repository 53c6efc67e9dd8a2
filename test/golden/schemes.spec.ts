import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { builtInSchemes } from '#libs/domain/schemes/built-in.js';
import { compileScheme } from '#libs/domain/schemes/compiled.js';
import { markdownOf, matrixOf } from '#libs/domain/schemes/matrix.js';

const folder = new URL('./schemes/', import.meta.url);

describe('who may do what under a built-in scheme is written down (UPDATE_GOLDEN=1 rewrites):', () => {
  it.each(builtInSchemes.map((scheme) => [scheme.document.id, scheme] as const))('%s', (id, scheme) => {
    const matrix = matrixOf(scheme);
    const [json, page] = [new URL(`${id}.json`, folder), new URL(`${id}.md`, folder)];
    if (process.env.UPDATE_GOLDEN === '1') {
      writeFileSync(json, `${JSON.stringify(matrix, null, 2)}\n`);
      writeFileSync(page, markdownOf(matrix));
    }
    expect(matrix).toEqual(JSON.parse(readFileSync(json, 'utf8')));
    expect(markdownOf(matrix)).toBe(readFileSync(page, 'utf8'));
  });

  it('and nothing else is', () => {
    const wanted = builtInSchemes.flatMap(({ document: { id } }) => [`${id}.json`, `${id}.md`]);
    expect(readdirSync(folder).sort()).toEqual(wanted.sort());
  });

  it('a scheme written by others shows in its page as what it says: cells cannot break out of the table', () => {
    const [scheme] = builtInSchemes;
    if (scheme === undefined) throw new Error('no scheme');
    const roles = scheme.document.roles.map((role) => ({ ...role, title: `${role.title} | everyone` }));
    const page = markdownOf(matrixOf(compileScheme({ ...scheme.document, roles })));
    const widths = page.split('\n').filter((line) => line.startsWith('| `'));
    expect(new Set(widths.map((line) => line.split(/(?<!\\)\|/).length)).size).toBe(2);
    expect(page).toContain('Owner \\| everyone');
  });
});
