import { describe, expect, it } from 'vitest';
import { fill, words, type Words } from './words';

const flat = (value: unknown, path = ''): [string, string][] =>
  typeof value === 'string'
    ? [[path, value]]
    : Object.entries(value as object).flatMap(([name, inner]: [string, unknown]) => flat(inner, `${path}.${name}`));

/** Names of things, and what really is the same word. */
const mayEqual =
  /^\.(clockUtc|between|keyWords\.\d\.0|(organisation|site|incident|cameras|pause|purposes\.incident)|keys|created)$/;

describe.each(Object.entries(words))('%s', (language, theirs: Words) => {
  const english = new Map(flat(words.en));
  it('says all that English says, with the same places', () => {
    const own = new Map(flat(theirs));
    expect([...own.keys()].sort()).toEqual([...english.keys()].sort());
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
    for (const [key, text] of own) expect(places(text), key).toEqual(places(english.get(key) ?? ''));
  });
  it('is translated', () => {
    if (language === 'en') return;
    for (const [key, text] of flat(theirs)) if (!mayEqual.test(key)) expect(text, key).not.toBe(english.get(key));
  });
});

it('places are filled, and what fills them keeps its direction', () => {
  expect(fill('{a} of {b}{c}', { a: 1, b: 'x' })).toBe('\u20681\u2069 of \u2068x\u2069{c}');
});
