import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import ar from '../../i18n/ar.json';
import en from '../../i18n/en.json';
import { faultAt, freeId, newClause, wordsOf } from './policy';
import { sentenceOf } from './sentence';

const names = {
  locale: 'en',
  camera: (id: string) => (id === 'gate' ? 'North gate' : id),
  schedule: () => 'Night',
  percent: (value: number) => `${value * 100} %`,
};
const plain = (text: string) => text.replaceAll(/[\u2068\u2069]/g, '');

beforeAll(() => i18next.init({ lng: 'en', resources: { en: { translation: en }, ar: { translation: ar } } }));

describe('a clause', () => {
  it('that says nothing is about anything', () => {
    expect(plain(sentenceOf(i18next.t, newClause('a'), names))).toBe('Anything: an alarm.');
  });

  it('says everything it hangs on and everything it does', () => {
    const clause = {
      ...newClause('a'),
      kinds: ['lineCrossed', 'zoneEntered'] as const,
      classes: ['person'] as const,
      sources: ['rule'] as const,
      rules: ['fence'],
      types: ['crossing'] as const,
      cameras: ['gate'],
      groups: ['river'],
      minScore: 0.5,
      schedule: 'night',
      severity: 'critical' as const,
      type: 'smuggling' as const,
      opensIncident: true,
      whenDisarmed: true,
    };
    const said = plain(sentenceOf(i18next.t, clause as never, names));
    for (const part of [
      'Line crossed or Zone entered',
      'by person',
      'reported by a rule',
      'of the rule fence',
      'Crossing',
    ])
      expect(said).toContain(part);
    for (const part of ['at North gate or group river', '50 % sure', '“Night”', 'Critical', 'Smuggling'])
      expect(said).toContain(part);
    expect(said).toMatch(/opens an incident, even where disarmed\.$/);
  });

  it('that ignores says so and nothing more', () => {
    expect(plain(sentenceOf(i18next.t, { ...newClause('a'), action: 'ignore', classes: ['animal'] }, names))).toBe(
      'Anything, by animal: no alarm.',
    );
  });

  it('keeps what people named out of the direction of the sentence', () => {
    const said = sentenceOf(i18next.getFixedT('ar'), { ...newClause('a'), cameras: ['gate'] }, names);
    expect(said).toContain('\u2068North gate\u2069');
    expect(said).toContain('إنذار');
  });
});

describe('the form', () => {
  it('finds what the node says of a field, and of what lies in it', () => {
    const errors = { 'clauses[1].schedule': ['is none.'], 'clauses[10].id': ['is here twice.'] };
    expect(faultAt(errors, 'clauses[1]', true)).toBe('is none.');
    expect(faultAt(errors, 'clauses[1]')).toBeUndefined();
    expect(faultAt(errors, 'clauses[1].schedule')).toBe('is none.');
  });

  it('takes words between commas of either script, each once', () => {
    expect(wordsOf(' fence, gate ،yard,,fence')).toEqual(['fence', 'gate', 'yard']);
  });

  it('gives each new thing an id of its own', () => {
    expect(freeId('clause', [{ id: 'clause-1' }, { id: 'clause-3' }])).toBe('clause-2');
  });
});
