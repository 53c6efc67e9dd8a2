import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Compiled modules: beside this one, or below `dist` where this one runs uncompiled. */
const compiled = new URL(import.meta.url.endsWith('.ts') ? '../../dist/' : '../../', import.meta.url);
const entry = new URL('apps/cli/verifier/page.js', compiled);
const zod = pathToFileURL(createRequire(import.meta.url).resolve('zod/package.json'));

const SPECIFIER = /(\b(?:from|import)\s*)(["'])([^"'\n]+)\2/g;

/**
 * A page that checks archives of evidence without any network: HTML with the very modules that the server checks them
 * with, each as a `data:` URL in an import map. Needs the compiled modules.
 */
export async function verifierPage(): Promise<string> {
  const modules = new Map<string, string>();
  await collect(entry, modules);
  const imports = Object.fromEntries(
    [...modules].map(([name, text]) => [name, `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`]),
  );
  return html(JSON.stringify({ imports }), nameOf(entry));
}

async function collect(module: URL, modules: Map<string, string>): Promise<void> {
  const name = nameOf(module);
  if (modules.has(name)) return;
  modules.set(name, '');
  const text = await readFile(module, 'utf8');
  const needed: URL[] = [];
  const renamed = text
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    .replace(SPECIFIER, (whole, keyword: string, quote: string, specifier: string) => {
      const target = resolved(specifier, module);
      if (target === undefined) return whole;
      needed.push(target);
      return `${keyword}${quote}${nameOf(target)}${quote}`;
    });
  modules.set(name, isLocales(module) ? 'export {};' : renamed);
  if (!isLocales(module)) for (const target of needed) await collect(target, modules);
}

/** Sentences in other languages, which nothing here says. */
const isLocales = (module: URL) => module.href === new URL('v4/locales/index.js', zod).href;

/** Undefined for what only looks like an import, as in the examples of comments. */
function resolved(specifier: string, from: URL): URL | undefined {
  if (specifier.startsWith('.')) return new URL(specifier, from);
  if (specifier.startsWith('#')) return new URL(specifier.slice(1), compiled);
  if (specifier === 'zod' && !from.href.startsWith(new URL('.', zod).href)) return new URL('index.js', zod);
  return specifier === 'node:crypto' ? new URL('apps/cli/verifier/crypto.js', compiled) : undefined;
}

/** No path of the machine that made the page. */
function nameOf(module: URL): string {
  const [root, prefix] = module.href.startsWith(new URL('.', zod).href) ? [zod, 'zod/'] : [compiled, 'tenantry/'];
  return prefix + fileURLToPath(module).slice(fileURLToPath(new URL('.', root)).length);
}

const html = (importMap: string, name: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Check evidence</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem; }
#key { font-family: ui-monospace, monospace; }
button { font: inherit; margin: 1rem 0; padding: .5rem 1.5rem; }
#verdict { white-space: pre-wrap; overflow-wrap: anywhere; padding: 0 1rem; border-left: .3rem solid #888; }
#verdict.good { border-color: #137333; } #verdict.bad { border-color: #b3261e; font-weight: 600; }
</style>
</head>
<body>
<h1>Check evidence</h1>
<p>This page computes the trees of all events in an archive, compares them with their signed checkpoints, and asks the
question again. It sends nothing anywhere. The key must have come to you another way than the archive; take this page,
too, from somebody you trust.</p>
<form id="check">
<label for="key">Public key (name+id+key)</label><input id="key" autocomplete="off" spellcheck="false" required>
<label for="file">Archive</label><input id="file" type="file" required>
<button>Check</button>
</form>
<p id="verdict" role="status"></p>
<script type="importmap">${importMap}</script>
<script type="module">import '${name}';</script>
</body>
</html>
`;
