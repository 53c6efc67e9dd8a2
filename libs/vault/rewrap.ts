import { unwrapUnderAny, wrapKey } from './sealed-field.js';
import type { SubjectKeyStore } from './subject-keys.js';
import { mastersOf, PersonalDataUnreadable, type VaultKeys } from './vault.js';

const PAGE = 1000;

/**
 * Wraps under the current master key what stands under a former one; what they open stays the same, so no event changes.
 * May run beside processes that use the keys, and again after it was stopped. Answers how many keys there are, and how
 * many were wrapped anew. Throws PersonalDataUnreadable for one that no master key opens.
 */
export async function rewrapAll(
  store: Pick<SubjectKeyStore, 'page' | 'rewrap'>,
  keys: VaultKeys,
  page = PAGE,
): Promise<{ readonly keys: number; readonly rewrapped: number }> {
  const [current, ...former] = mastersOf(keys);
  let [count, rewrapped, after] = [0, 0, ''];
  for (;;) {
    const found = await store.page(after, page);
    if (found.size === 0) return { keys: count, rewrapped };
    for (const [subject, key] of found) {
      count += 1;
      after = subject;
      if (unwrapUnderAny([current], subject, key) !== undefined) continue;
      const bytes = unwrapUnderAny(former, subject, key);
      if (bytes === undefined)
        throw new PersonalDataUnreadable(`the key of ${subject} stands under another master key, or was changed`);
      await store.rewrap(subject, key, wrapKey(current, subject, key.kid, bytes));
      rewrapped += 1;
    }
  }
}
