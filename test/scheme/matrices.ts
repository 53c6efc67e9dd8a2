import type { Cell } from './cells.js';
import { enterpriseCells } from './enterprise.cells.js';
import { enterpriseSituation } from './enterprise.situation.js';
import { gatewayCells } from './gateway.cells.js';
import { gatewaySituation } from './gateway.situation.js';
import { projectsCells } from './projects.cells.js';
import { projectsSituation } from './projects.situation.js';
import type { Situation } from './situation.js';
import { studioCells } from './studio.cells.js';
import { studioSituation } from './studio.situation.js';
import { teamsCells } from './teams.cells.js';
import { teamsSituation } from './teams.situation.js';

export interface Matrix {
  readonly scheme: string;
  readonly cells: readonly Cell[];
  readonly situation: Situation;
}

function matrixOf<Column extends string, Place extends string>(
  scheme: string,
  cells: readonly Cell<Column, Place>[],
  situation: Situation<Column, Place>,
): Matrix {
  // The cells speak of their own situation's columns and places only; whoever runs all matrices needs none of them.
  return { scheme, cells, situation: situation as unknown as Situation };
}

/** The acceptance table: the one source that every level runs. */
export const matrices: readonly Matrix[] = [
  matrixOf('enterprise', enterpriseCells, enterpriseSituation),
  matrixOf('teams', teamsCells, teamsSituation),
  matrixOf('studio', studioCells, studioSituation),
  matrixOf('projects', projectsCells, projectsSituation),
  matrixOf('gateway', gatewayCells, gatewaySituation),
];
