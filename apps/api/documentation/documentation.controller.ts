import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { notFound } from '../problems/problem.js';
import { isProblemCode, problemTable } from '../problems/problem.js';
import { ApiServices } from '../services.js';
import { openApi } from './openapi.js';

/** The viewer's files as its package ships them: nothing is fetched from elsewhere, now or by the page. */
const viewer = createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json');
const assets: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // The viewer styles its elements one by one.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tenantry API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="viewer"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const startScript = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#viewer', deepLinking: true, validatorUrl: null });\n`;

@Controller()
export class DocumentationController {
  /** Made when first asked for: it takes a tenth of a second, which no start needs to wait for. */
  private document: string | undefined;

  constructor(private readonly services: ApiServices) {}

  @Get('openapi.json')
  describe(@Res({ passthrough: true }) reply: FastifyReply): string {
    reply.type('application/json; charset=utf-8');
    this.document ??= JSON.stringify(openApi(this.services.publicUrl));
    return this.document;
  }

  @Get('docs')
  show(@Res({ passthrough: true }) reply: FastifyReply): string {
    reply.headers({ 'content-security-policy': policy, 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' });
    reply.type('text/html; charset=utf-8');
    return page;
  }

  @Get('docs/:file')
  async asset(@Param('file') file: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<string | Buffer> {
    if (file === 'start.js') {
      reply.type('text/javascript; charset=utf-8');
      return startScript;
    }
    const type = Object.hasOwn(assets, file) ? assets[file] : undefined;
    if (type === undefined) throw notFound();
    const content = await readFile(new URL(`static/${file}`, `file://${viewer}`));
    reply.headers({ 'content-type': type, 'cache-control': 'public, max-age=3600' });
    return content;
  }

  /** Where the `type` of a problem leads. */
  @Get('problems/:code')
  explain(@Param('code') code: string) {
    if (!isProblemCode(code)) throw notFound();
    return { code, ...problemTable[code] };
  }
}
