import type { Cell } from './cells.js';
import { enterpriseCells } from './enterprise.cells.js';
import { gatewayCells } from './gateway.cells.js';
import { projectsCells } from './projects.cells.js';
import { studioCells } from './studio.cells.js';
import { teamsCells } from './teams.cells.js';

/** The acceptance table by scheme: the one source that every level runs. */
export const acceptanceTable: Readonly<Record<string, readonly Cell[]>> = {
  enterprise: enterpriseCells,
  teams: teamsCells,
  studio: studioCells,
  projects: projectsCells,
  gateway: gatewayCells,
};
