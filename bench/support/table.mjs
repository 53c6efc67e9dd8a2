const heads = ['', 'measured', 'baseline', 'ratio', 'goal', ''];

/** Whether the row's goal is met; undefined where it has none. */
export function isMet({ goal, ...row }) {
  if (goal === undefined) return undefined;
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = goal;
  return row[goal.of] >= atLeast && row[goal.of] <= atMost;
}

/** One table for all rows, under the name of each benchmark. */
export function tableOf(results) {
  const lines = results.flatMap(({ name, about, rows }) => [
    { heading: `${name} — ${about}` },
    ...rows.map((row) => ({ cells: cellsOf(row), note: row.note })),
  ]);
  const all = [heads, ...lines.flatMap(({ cells }) => (cells ? [cells] : []))];
  const widths = heads.map((_, column) => Math.max(...all.map((cells) => cells[column].length)));
  const laidOut = (cells) =>
    `  ${cells.map((cell, column) => (column === 0 || column >= 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ')}`.trimEnd();
  return [
    laidOut(heads),
    ...lines.flatMap(({ heading, cells, note }) =>
      heading ? ['', heading] : [laidOut(cells), ...(note ? [`    ${note}`] : [])],
    ),
  ].join('\n');
}

function cellsOf(row) {
  const { name, value, unit, baseline, against, ratio } = row;
  const met = isMet(row);
  return [
    name,
    `${numberText(value)} ${unit}`,
    baseline === undefined ? '' : `${numberText(baseline)}${against ? ` (${against})` : ''}`,
    ratio === undefined ? '' : ratio.toFixed(ratio < 10 ? 2 : 0),
    goalText(row),
    met === undefined ? '' : met ? 'met' : 'MISSED',
  ];
}

function goalText({ goal, unit }) {
  if (goal === undefined) return '';
  const bound = goal.atLeast === undefined ? `≤ ${numberText(goal.atMost)}` : `≥ ${numberText(goal.atLeast)}`;
  return goal.of === 'ratio' ? `ratio ${bound}` : `${bound} ${unit}`;
}

function numberText(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const [whole, rest] = value.toFixed(digits).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
  return rest === undefined || Number(rest) === 0 ? grouped : `${grouped}.${rest}`;
}
