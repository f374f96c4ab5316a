import { describe, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { countKinds, faultsOf } from './difference';

describe('a refused configuration', () => {
  it('is told line by line where the node says so', () => {
    const fault = { line: 3, column: 5, field: 'cameras[0].main', message: 'is missing.' };
    expect(faultsOf(Problem.from(400, { title: 'x', detail: 'y', faults: [fault] }))).toEqual([fault]);
  });

  it('is told in a sentence otherwise', () => {
    expect(faultsOf(Problem.from(412, { title: 'x', detail: 'y' }))).toEqual([]);
    expect(faultsOf(new TypeError('x'))).toEqual([]);
  });
});

describe('a difference', () => {
  it('is counted by what happens to its objects', () => {
    const of = (kind: 'added' | 'changed' | 'removed') => ({
      kind,
      section: 'cameras',
      id: 'a',
      name: 'A',
      fields: [],
    });
    expect(countKinds([of('added'), of('removed'), of('added')])).toEqual({ added: 2, changed: 0, removed: 1 });
  });
});
