import { describe, expect, it } from 'vitest';
import { newMask, takesAway } from './masks';

describe('masks', () => {
  it('gives a new mask an id and a name of its own', () => {
    const first = newMask('Mask', []);
    const second = newMask('Mask', [first]);
    expect(second.id).not.toBe(first.id);
    expect(second.name).not.toBe(first.name);
  });

  it('tells when something that was hidden would be seen', () => {
    const mask = newMask('Yard', []);
    const other = {
      ...newMask('Door', [mask]),
      points: [
        [0, 0],
        [0.1, 0],
        [0.1, 0.1],
      ],
    };
    expect(takesAway([mask], [mask, other])).toBe(false);
    expect(takesAway([mask], [{ ...mask, name: 'The yard' }])).toBe(false);
    expect(takesAway([{ ...mask, kind: 'blur' }], [mask])).toBe(false);
    expect(takesAway([mask], [{ ...mask, kind: 'blur' }])).toBe(true);
    expect(takesAway([mask, other], [mask])).toBe(true);
    expect(takesAway([mask], [{ ...mask, points: other.points }])).toBe(true);
  });
});
