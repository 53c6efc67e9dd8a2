import type { KeyWrapping } from './key-wrapping.js';
import type { SubjectKeyStore } from './subject-keys.js';
import { PersonalDataUnreadable } from './vault.js';

const PAGE = 1000;

/**
 * Wraps by what wraps now what was wrapped before a rotation; what they open stays the same, so no event changes.
 * May run beside processes that use the keys, and again after it was stopped. Answers how many keys there are, and how
 * many were wrapped anew. Throws PersonalDataUnreadable for one that does not open.
 */
export async function rewrapAll(
  store: Pick<SubjectKeyStore, 'page' | 'rewrap'>,
  wrapping: KeyWrapping,
  page = PAGE,
): Promise<{ readonly keys: number; readonly rewrapped: number }> {
  let [count, rewrapped, after] = [0, 0, ''];
  for (;;) {
    const found = await store.page(after, page);
    if (found.size === 0) return { keys: count, rewrapped };
    for (const [subject, key] of found) {
      count += 1;
      after = subject;
      if (await wrapping.isCurrent(subject, key)) continue;
      const bytes = await wrapping.unwrap(subject, key);
      if (bytes === undefined)
        throw new PersonalDataUnreadable(`the key of ${subject} stands under another master key, or was changed`);
      await store.rewrap(subject, key, await wrapping.wrap(subject, key.kid, bytes));
      rewrapped += 1;
    }
  }
}
