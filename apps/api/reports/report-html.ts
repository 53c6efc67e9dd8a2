import { createHash } from 'node:crypto';
import type { AccessReview } from './access-review.js';
import { type Column, type Row, type Section, sectionsOf } from './report-rows.js';

const style = `
:root { color-scheme: light; font: 14px/1.45 system-ui, sans-serif; color: #1b1f24; background: #fff; }
body { margin: 0 auto; max-width: 82rem; padding: 2rem; }
h1 { font-size: 1.6rem; margin: 0 0 .75rem; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .25rem; break-after: avoid; }
p { margin: 0 0 .75rem; color: #57606a; max-width: 60rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0 0 1rem; }
dt { color: #57606a; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .82rem; }
th, td { border-bottom: 1px solid #d0d7de; padding: .3rem .5rem .3rem 0; text-align: left; vertical-align: top; }
td { overflow-wrap: break-word; }
.id { min-width: 8rem; max-width: 16rem; overflow-wrap: anywhere; }
.id small { display: block; color: #57606a; }
th { border-bottom: 2px solid #1b1f24; white-space: nowrap; }
.held, .source { max-width: 22rem; }
.evidence { font: .68rem/1.45 ui-monospace, monospace; color: #57606a; width: 15.5rem; }
.none { color: #57606a; font-style: italic; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root { font-size: 11px; }
  body { padding: 0; max-width: none; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
}
`;

/** The page brings its one style, and nothing else may be loaded, run or framed. */
export const pagePolicy = {
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const;

/** One page for the screen and for paper. All that comes from the log is text in it. */
export async function* htmlOf(review: AccessReview): AsyncIterable<string> {
  const { org, at, since, generatedAt, ledgerKey, environments } = review.head;
  const title = `Access review of ${org.name ?? org.id}`;
  const facts = [
    ['Organization', `${org.name ?? ''} (${org.id}), ${org.status}`],
    ['Role scheme', org.scheme === null ? 'none' : `${org.scheme.id}, version ${org.scheme.version}`],
    ['As of', `${at.at}, revision ${at.revision ?? 'none'}`],
    ['Changes since', since.revision === undefined ? 'the beginning' : `${since.at}, revision ${since.revision}`],
    ['Environments', environments.map(({ name, id }) => `${name} (${id})`).join(', ') || 'none'],
    ['Made at', generatedAt],
    ['Ledger key', ledgerKey],
  ] as const;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<dl>
${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`).join('\n')}
</dl>
<p>Each line names the events on which it rests, by their ids; the last one of them was the decision, made when and by
whom it says. Names and addresses are those of today.</p>
`;
  for (const section of sectionsOf(review)) yield* tableOf(section);
  yield '</body>\n</html>\n';
}

async function* tableOf({ title, note, columns, rows }: Section): AsyncIterable<string> {
  yield `<h2>${title}</h2>\n<p>${note}</p>\n`;
  let count = 0;
  for await (const row of rows()) {
    if (count++ === 0)
      yield `<table>\n<thead><tr>${columns.map(([, name]) => `<th scope="col">${name}</th>`).join('')}</tr></thead>\n<tbody>\n`;
    yield `<tr>${columns.map(([column]) => `<td class="${column}">${cellOf(row, column)}</td>`).join('')}</tr>\n`;
  }
  yield count === 0 ? '<p class="none">None.</p>\n' : '</tbody>\n</table>\n';
}

function cellOf(row: Row, column: Column): string {
  const text = escaped(row[column] ?? '');
  if (column !== 'id') return text.replaceAll(INSTANT, '$1 $2');
  const more = [row.name, row.email].filter((each) => each !== undefined);
  return text + more.map((each) => `<small>${escaped(each)}</small>`).join('');
}

/** Breaks between day and time only. */
const INSTANT = /\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/g;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '');
