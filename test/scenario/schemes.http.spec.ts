import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApi, type TestApi } from '../support/api.js';

const golden = (name: string) => readFileSync(new URL(`../golden/schemes/${name}`, import.meta.url), 'utf8');

describe('the role scheme of the realm', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.stop());

  const get = async (path: string, accept?: string) =>
    api.http.send({
      path,
      headers: { authorization: await api.bearer('anybody'), ...(accept === undefined ? {} : { accept }) },
    });

  it('is told as the document that decides', async () => {
    const answer = await get('/v1/schemes/enterprise');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ id: 'enterprise', version: 1, refusals: { style: 'forbid' } });
  });

  it('and as the table of who may do what: JSON by default, a page of Markdown for who asks for it', async () => {
    const json = await get('/v1/schemes/enterprise/matrix', '*/*');
    expect([json.status, json.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(JSON.parse(json.text)).toEqual(JSON.parse(golden('enterprise.json')));
    const page = await get('/v1/schemes/enterprise/matrix', 'text/html;q=0.5, Text/Markdown');
    expect([page.status, page.headers['content-type'], page.headers['vary']]).toEqual([
      200,
      'text/markdown; charset=utf-8',
      'accept',
    ]);
    expect(page.text).toBe(golden('enterprise.md'));
  });

  it("is the only one: another realm's is not there, nor is one that nobody runs", async () => {
    for (const path of [
      '/v1/schemes/studio',
      '/v1/schemes/studio/matrix',
      '/v1/schemes/nothing',
      '/v1/schemes/constructor',
    ])
      expect((await get(path)).status).toBe(404);
  });
});
