import type { Position } from '#libs/application/ports/event-store.js';

const DIGITS = 20;

const digits = (value: bigint): string => `${value}`.padStart(DIGITS, '0');

/** A revision as digits of one length, so that they compare as text. From 0 for a stream without events: no sign. */
export const ordinalOf = (revision: bigint): string => digits(revision + 1n);

export const revisionOf = (ordinal: string): bigint | undefined =>
  /^\d{20}$/.test(ordinal) ? BigInt(ordinal) - 1n : undefined;

/** As `parsePosition` reads it. */
export const placeOf = ({ commit, prepare }: Position): string => `${digits(commit)}/${digits(prepare)}`;
