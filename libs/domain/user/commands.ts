import { partsOf } from '../command.js';

/** Commands of a person about what is theirs: they append to the person's own stream. */
const definitions = {};

/** What each command of a person takes. */
export const userCommands = partsOf(definitions, 'schema');

/** The rules of each command of a person. */
export const userDecisions = partsOf(definitions, 'decide');
