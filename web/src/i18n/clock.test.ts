import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import ar from './ar.json';
import { clockWords, tenth } from './clock';
import en from './en.json';
import es from './es.json';
import { makeFormat } from './format';
import fr from './fr.json';

const words = { en, es, fr, ar };

beforeAll(() =>
  i18next.init({
    lng: 'en',
    fallbackLng: false,
    resources: Object.fromEntries(Object.entries(words).map(([language, translation]) => [language, { translation }])),
    interpolation: { escapeValue: false },
  }),
);

const say = (language: string, offset: number | null, tolerance?: number) =>
  clockWords(i18next.getFixedT(language), makeFormat(language, 'UTC'), offset, tolerance);

describe('a clock against the node’s', () => {
  it('is ahead or behind, and never ahead by less than nothing', () => {
    expect(say('en', -3, tenth)).toBe('Clock is 3 sec behind');
    expect(say('en', 3, tenth)).toBe('Clock is 3 sec ahead');
    expect(say('es', -3, tenth)).toContain('atrasado');
    expect(say('fr', -3, tenth)).toContain('retard');
    expect(say('ar', -3, tenth)).toContain('متأخرة');
    for (const language of Object.keys(words)) {
      expect(say(language, -3, tenth)).not.toBe(say(language, 3, tenth));
      expect(say(language, -3, tenth)).not.toMatch(/[-−]/);
    }
  });

  it('is right within what is told, and says when it isn’t known', () => {
    expect(say('en', -0.04, tenth)).toBe('Clock is right');
    expect(say('en', -0.4, tenth)).toBe('Clock is 0.4 sec behind');
    expect(say('en', -0.4)).toBe('Clock is right');
    expect(say('en', null)).toBe(en.assistant.clockUnknown);
  });
});
