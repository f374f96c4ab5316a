import { describe, expect, it } from 'vitest';
import { clampPoint, faultsOf, newRule, ruleTypes } from './types';

describe('a rule that is being drawn', () => {
  it('gets an id no other has', () => {
    const first = newRule('line', 'Line', []);
    const second = newRule('line', 'Line', [first]);
    expect([first.id, second.id]).toEqual(['line-1', 'line-2']);
    expect(second.name).not.toBe(first.name);
  });

  it('has a place exactly where its kind needs one', () => {
    for (const type of ruleTypes) {
      expect(newRule(type, 'x', []).points !== undefined, type).toBe(type !== 'tamper' && type !== 'stream');
    }
  });

  it('stays inside the picture', () => {
    expect(clampPoint([-0.2, 1.4])).toEqual([0, 1]);
  });

  it('shows what the node says at the field it is about', () => {
    const errors = { 'rules[1].points': ['cross.'], 'rules[1].schedule.windows': ['are none.'], 'rules[1]': ['whole'] };
    expect(faultsOf(errors, 1, 'points')).toBe('cross.');
    expect(faultsOf(errors, 1, 'schedule')).toBe('are none.');
    expect(faultsOf(errors, 1, '')).toBe('whole');
    expect(faultsOf(errors, 0, 'points')).toBeUndefined();
  });
});
