import { randomBytes } from 'node:crypto';
import type { IssuedKey } from '#libs/domain/access/documents.js';
import type { KeyPlace } from '#libs/domain/keys.js';
import { keyText } from './key-text.js';
import type { CommandAnswer } from './outcome.js';
import type { Indexes, PersonalData } from './ports/personal-data.js';

const SECRET_BYTES = 32;

/**
 * The keys that one command issues. Their texts exist here alone, until the answer to the command shows them: events hold a
 * keyed digest, a repeat is answered from events, and a dry run shows nothing.
 */
export class NewKeys {
  private readonly texts = new Map<string, string>();

  constructor(private readonly personalData: PersonalData) {}

  /** The same for the same place, however often the command is decided. */
  of(place: KeyPlace): Pick<IssuedKey, 'fingerprint' | 'lastFour'> {
    const name = JSON.stringify(place);
    const text = this.texts.get(name) ?? keyText(place, randomBytes(SECRET_BYTES));
    this.texts.set(name, text);
    return { fingerprint: fingerprintsOf(this.personalData, text)[0], lastFour: text.slice(-4) };
  }

  /** The answer with the text of the key. A batch shows each, in the order of its commands. */
  shownIn(answer: CommandAnswer): CommandAnswer {
    const [first, ...others] = this.texts.values();
    if (first === undefined) return answer;
    const shown = others.length === 0 ? { key: first } : { keys: [first, ...others].join(' ') };
    return { ...answer, result: { ...answer.result, ...shown } };
  }
}

/** By one of which a key is recognized; of no use as one. */
export const fingerprintsOf = (personalData: PersonalData, text: string): Indexes => personalData.indexes('key', text);
