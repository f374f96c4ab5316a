import { describe, expect, it } from 'vitest';
import type { Imaging } from '../api/types';
import { isFixed, ranges } from './pictureSettings';

const none: Imaging = {
  brightness: null,
  contrast: null,
  saturation: null,
  sharpness: null,
  irCut: null,
  irCutChoices: [],
  autoFocus: null,
  focusChoice: false,
};

describe("a camera's picture", () => {
  it('is set within the limits that the camera tells', () => {
    expect(ranges({ ...none, brightness: { value: 50, least: 0, most: 255 } })).toEqual([
      { name: 'brightness', value: 50, least: 0, most: 255, step: 1 },
    ]);
  });

  it('has a hundred steps where the limits are narrow', () => {
    expect(ranges({ ...none, sharpness: { value: 0.5, least: 0, most: 1 } })[0]?.step).toBe(0.01);
  });

  it('goes from 0 to 100, and as far as it is, where the camera tells no limits', () => {
    expect(ranges({ ...none, contrast: { value: 60, least: null, most: null } })[0]).toMatchObject({
      least: 0,
      most: 100,
    });
    expect(ranges({ ...none, contrast: { value: 128, least: null, most: null } })[0]).toMatchObject({ most: 128 });
    expect(ranges({ ...none, contrast: { value: -5, least: null, most: null } })[0]).toMatchObject({ least: -5 });
  });

  it('is fixed when the camera offers nothing', () => {
    expect(isFixed(none)).toBe(true);
    expect(isFixed({ ...none, irCutChoices: ['on', 'off'] })).toBe(false);
    expect(isFixed({ ...none, focusChoice: true })).toBe(false);
    expect(isFixed({ ...none, saturation: { value: 1, least: 0, most: 10 } })).toBe(false);
  });
});
