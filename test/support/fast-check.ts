import fc from 'fast-check';

/**
 * Every run of a revision tries the same inputs, so a red run is caused by the change in front of you. `FC_SEED=random`
 * tries others; a failure prints the seed that repeats it. Specs take it from here, and those without properties load none.
 */
const { FC_SEED = '2026' } = process.env;
if (FC_SEED !== 'random') fc.configureGlobal({ seed: Number(FC_SEED) });

export default fc;
