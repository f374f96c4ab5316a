import { describe, expect, it } from 'vitest';
import { makeFormat } from '../i18n/format';
import { fallsShort, readNumber, shareNames, sharesOf } from './figures';

describe('a volume', () => {
  const sum = (shares: ReturnType<typeof sharesOf>) => shareNames.reduce((all, name) => all + (shares?.[name] ?? 0), 0);

  it('is split into parts that add up to its size', () => {
    const shares = sharesOf({ capacity: 1000, free: 300, used: 600, held: 50, reserve: 100 });
    expect(shares).toEqual({ held: 50, footage: 550, other: 100, free: 200, reserve: 100 });
    expect(sum(shares)).toBe(1000);
  });

  it('shows what is left of a reserve that is being used', () => {
    expect(sharesOf({ capacity: 1000, free: 30, used: 970, held: 0, reserve: 100 })).toMatchObject({
      free: 0,
      reserve: 30,
    });
  });

  it('never shows more than there is, though its figures were counted at different moments', () => {
    const shares = sharesOf({ capacity: 1000, free: 500, used: 900, held: 950, reserve: 2000 });
    expect(sum(shares)).toBe(1000);
    expect(shares).toMatchObject({ held: 500, footage: 0, other: 0, free: 0, reserve: 500 });
  });

  it('has no bar without a size', () => {
    expect(sharesOf({ capacity: 0, free: 0, used: 10, held: 0, reserve: 0 })).toBeNull();
  });
});

describe('retention', () => {
  it('falls short only where days were asked and don’t come', () => {
    expect(fallsShort({ retention: { days: 30, bytes: null }, givesDays: 12 })).toBe(true);
    expect(fallsShort({ retention: { days: 30, bytes: null }, givesDays: 30 })).toBe(false);
    expect(fallsShort({ retention: { days: null, bytes: 5 }, givesDays: 1 })).toBe(false);
    expect(fallsShort({ retention: { days: 30, bytes: null }, givesDays: null })).toBe(false);
  });

  it('is read as people type it', () => {
    expect(readNumber(' 1,5 ')).toBe(1.5);
    expect(readNumber('٣٠')).toBe(30);
    expect(readNumber('٢٫٥')).toBe(2.5);
    for (const text of ['', 'x', '-1', '1.000,5', '1e9', 'Infinity']) expect(readNumber(text), text).toBeNull();
  });
});

describe('a forecast', () => {
  it('is one rounded unit in words', () => {
    const { about } = makeFormat('en', 'UTC');
    expect(about(6.2 * 86_400_000)).toBe('6 days');
    expect(about(1.5 * 86_400_000)).toBe('36 hours');
    expect(about(10)).toBe('1 minute');
    expect(makeFormat('fr', 'UTC').about(6 * 86_400_000)).toMatch(/^6\sjours$/);
  });
});
