import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import ar from './ar.json';
import en from './en.json';
import es from './es.json';
import { makeFormat } from './format';
import fr from './fr.json';
import { chooseLanguage } from './languages';
import arPartners from './partners/ar.json';
import enPartners from './partners/en.json';
import esPartners from './partners/es.json';
import frPartners from './partners/fr.json';

type Flat = Record<string, string>;

function flatten(words: object, path = ''): Flat {
  const flat: Flat = {};
  for (const [key, value] of Object.entries(words)) {
    const name = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'string') flat[name] = value;
    else Object.assign(flat, flatten(value as object, name));
  }
  return flat;
}

const categories = ['zero', 'one', 'two', 'few', 'many', 'other'];
const plural = new RegExp(`_(${categories.join('|')})$`);
const english = { ...flatten(en), ...flatten(enPartners) };
/** Keys without their plural endings; those that have them. */
const base = (flat: Flat) => new Set(Object.keys(flat).map((key) => key.replace(plural, '')));
const plurals = new Set(
  Object.keys(english)
    .filter((key) => plural.test(key))
    .map((key) => key.replace(plural, '')),
);

// Words that really are the same in another language, or that are names and formats.
const mayEqual = new Set([
  'agreements.version',
  'agreements.format',
  'agreements.signatures',
  'packages.package',
  'sites.title',
  'sites.site',
  'app.situation',
  'approvals.action.export',
  'app.incidents',
  'alarms.type.intrusion',
  'situation.latitude',
  'situation.longitude',
  'live.tile',
  'form.viewTitle',
  'form.site',
  'form.track.audio',
  'timeline.at',
  'timeline.speedIs',
  'timeline.pause',
  'exports.sha256',
  'form.transport',
  'live.page',
  'cameras.actions',
  'form.transports.auto',
  'timeline.minute',
  'scene.class.animal',
  'rules.type.zone',
  'app.configuration',
  'configuration.title',
  'alarmPolicy.sentence',
  'alarmPolicy.comma',
  'health.gap',
  'health.machine',
  'health.outbox',
  'health.version',
  'health.volume',
  'health.node',
  'requests.conditions',
]);

const translations = {
  es: { ...flatten(es), ...flatten(esPartners) },
  fr: { ...flatten(fr), ...flatten(frPartners) },
  ar: { ...flatten(ar), ...flatten(arPartners) },
  en: english,
};

describe.each(Object.entries(translations))('%s', (language, words) => {
  it('has every key and no other', () => {
    expect([...base(words)].sort()).toEqual([...base(english)].sort());
  });

  it('has every plural form its grammar asks for', () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const key of plurals) {
      const present = categories.filter((category) => `${key}_${category}` in words);
      expect(present.sort(), key).toEqual([...forms].sort());
    }
  });

  it('keeps every placeholder', () => {
    const names = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort();
    for (const [key, text] of Object.entries(words)) {
      const model = english[key] ?? english[key.replace(plural, '_other')] ?? '';
      // A dual or a singular may say its number in the word itself.
      const expected =
        plural.test(key) && !/_(many|other|few)$/.test(key) ? names(model).filter((n) => n !== 'count') : names(model);
      expect(names(text), key).toEqual(expect.arrayContaining(expected));
      expect(names(model), key).toEqual(expect.arrayContaining(names(text)));
    }
  });

  it('is translated, not copied', () => {
    if (language === 'en') return;
    for (const [key, text] of Object.entries(words)) {
      expect(text.trim(), key).not.toBe('');
      if (!mayEqual.has(key) && /[a-z]{3}/i.test(text.replace(/{{\w+}}/g, ''))) {
        expect(text, key).not.toBe(english[key]);
      }
    }
  });

  it('writes Arabic in Arabic letters', () => {
    if (language !== 'ar') return;
    for (const [key, text] of Object.entries(words)) {
      if (mayEqual.has(key)) continue;
      expect(/\p{Script=Arabic}/u.test(text), `${key}: ${text}`).toBe(true);
    }
  });
});

describe('the code', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.|schema/.test(file))
    .map((file) => readFileSync(join('src', file), 'utf8'))
    .join('\n');

  it('uses every word that is translated', () => {
    const unused = [...base(english)].filter((key) => {
      if (sources.includes(`'${key}'`)) return false;
      // t(`camera.state.${state}`)
      const parent = key.slice(0, key.lastIndexOf('.'));
      return !sources.includes(`\`${parent}.$`);
    });
    expect(unused).toEqual([]);
  });

  it('writes no sentence past the translations', () => {
    // Text between tags, in JSX: anything with two letters in a row must come from t().
    const literal = [...sources.matchAll(/^\s+([A-Z][a-z]+(?: [a-z]+)+)\s*$/gm)].map((match) => match[1]);
    expect(literal).toEqual([]);
  });
});

describe('formats', () => {
  const night = Date.UTC(2026, 10, 22, 23, 5, 9, 42);

  it('counts hours from 0 to 23 in the zone of the site', () => {
    expect(makeFormat('en', 'UTC').time(night)).toBe('23:05:09');
    expect(makeFormat('es', 'Europe/Madrid').time(night)).toBe('00:05:09');
    expect(makeFormat('fr', 'Africa/Nouakchott').timeMs(night)).toBe('23:05:09,042');
  });

  it('writes Arabic with the digits the reader prefers', () => {
    expect(makeFormat('ar-u-nu-latn', 'UTC').time(night)).toContain('23');
    expect(makeFormat('ar-u-nu-arab', 'UTC').time(night)).toContain('٢٣');
  });

  it('names durations by their two largest units', () => {
    const { duration } = makeFormat('en', 'UTC');
    expect(duration(2300)).toBe('2.3 sec');
    expect(duration(3_660_000)).toBe('1 hr 1 min');
    expect(duration(2 * 86_400_000)).toBe('2 days 0 hr');
  });
});

describe('the language', () => {
  it('is the one kept, else the first of the browser that there is, else English', () => {
    expect(chooseLanguage('fr', ['es'])).toBe('fr');
    expect(chooseLanguage(null, ['de-DE', 'ar-MA', 'en'])).toBe('ar');
    expect(chooseLanguage('xx', ['de'])).toBe('en');
  });
});
