import { describe, expect, it } from '@jest/globals';
import { features, openFeatures } from './features.js';
import { allTitles, featuresIn } from './named-features.js';

const ids = Object.values(features).flatMap((each) => Object.keys(each));

describe('the features of the five systems', () => {
  it('are 148: of enterprise 47, teams 34, studio 23, projects 20, gateway 24, without a gap', () => {
    const inOrder = [
      ['T', 47] as const,
      ['C', 34] as const,
      ['V', 23] as const,
      ['R', 20] as const,
      ['G', 24] as const,
    ];
    expect(ids).toEqual(
      inOrder.flatMap(([letter, count]) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)),
    );
  });

  it('are each named by a test, or known to be open', () => {
    const named = new Set(allTitles().flatMap(({ title }) => featuresIn(title)));
    expect(ids.filter((id) => !named.has(id) && openFeatures[id] === undefined)).toEqual([]);
    expect(Object.keys(openFeatures).filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('are named one by one, or from one to another', () => {
    expect(featuresIn('is so (T1, T-M26, G-M20, R-M17, C24)')).toEqual(['T1', 'C24']);
    expect(featuresIn('limits (C18 to C20), X-04, C9')).toEqual(['C18', 'C19', 'C20', 'C9']);
  });
});
