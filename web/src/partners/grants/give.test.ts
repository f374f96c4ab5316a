import { describe, expect, it } from 'vitest';
import { shareOf, type Choices } from './give';

const choices: Choices = {
  link: '0123456789abcdef',
  purpose: ' border ',
  category: '',
  request: '',
  grade: '',
  what: 'still',
  reference: '',
  about: '',
  camera: 'gate',
  masked: true,
  minutes: 120,
  from: '2026-05-04T10:00:00Z',
  to: '2026-05-04T10:05:00Z',
  bundle: 'aa01',
  days: 7,
};

describe('what is given to a partner', () => {
  it('names the incident that it belongs to, and none where none is chosen', () => {
    for (const what of ['still', 'clip', 'live', 'package'] as const)
      expect(shareOf({ ...choices, what, about: 'i1' })).toMatchObject({ what, incident: 'i1' });
    expect(shareOf(choices)).not.toHaveProperty('incident');
  });

  it('has the fields of its kind alone', () => {
    expect(shareOf(choices)).toEqual({
      link: '0123456789abcdef',
      purpose: 'border',
      what: 'still',
      reference: '',
      camera: 'gate',
      to: '2026-05-04T10:05:00Z',
      masked: true,
      minutes: 10_080,
    });
    expect(shareOf({ ...choices, what: 'live' })).toMatchObject({ camera: 'gate', minutes: 120 });
    expect(shareOf({ ...choices, what: 'live' })).not.toHaveProperty('to');
    expect(shareOf({ ...choices, what: 'package' })).toMatchObject({ package: 'aa01', masked: false });
    expect(shareOf({ ...choices, what: 'package' })).not.toHaveProperty('camera');
  });
});
