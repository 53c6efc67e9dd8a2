import { acceptanceTable } from './acceptance-table.js';
import type { Cell } from './cells.js';
import { enterpriseSituation } from './enterprise.situation.js';
import { gatewaySituation } from './gateway.situation.js';
import { projectsSituation } from './projects.situation.js';
import type { Situation } from './situation.js';
import { studioSituation } from './studio.situation.js';
import { teamsSituation } from './teams.situation.js';

export interface Matrix {
  readonly scheme: string;
  readonly cells: readonly Cell[];
  readonly situation: Situation;
}

function matrixOf<Column extends string, Place extends string>(
  scheme: string,
  situation: Situation<Column, Place>,
): Matrix {
  // A scheme's cells speak of their own situation's columns and places only; whoever runs all of them needs none of these.
  return { scheme, cells: acceptanceTable[scheme] ?? [], situation: situation as unknown as Situation };
}

/** The acceptance table with the situations that its cells speak of. */
export const matrices: readonly Matrix[] = [
  matrixOf('enterprise', enterpriseSituation),
  matrixOf('teams', teamsSituation),
  matrixOf('studio', studioSituation),
  matrixOf('projects', projectsSituation),
  matrixOf('gateway', gatewaySituation),
];
