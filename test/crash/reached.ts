import { comparePositions, type Position } from '#libs/application/ports/event-store.js';

/** How far something of a world is known to have come: its log, or its rows. */
export class Reached {
  position: Position | undefined;

  moved(position: Position): void {
    if (isBeyond(position, this.position)) this.position = position;
  }

  holds(position: Position): boolean {
    return !isBeyond(position, this.position);
  }

  isAt(position: Position | undefined): boolean {
    return position !== undefined && this.position !== undefined && comparePositions(position, this.position) === 0;
  }
}

export const isBeyond = (position: Position, other: Position | undefined): boolean =>
  other === undefined || comparePositions(position, other) > 0;
