import type { Imaging } from '../api/types';

export const sliders = ['brightness', 'contrast', 'saturation', 'sharpness'] as const;
export type SliderName = (typeof sliders)[number];

/** One value of the camera's picture, in the camera's own units. */
export interface PictureRange {
  name: SliderName;
  value: number;
  least: number;
  most: number;
  step: number;
}

/** Steps of a range that is narrower than these: some makers say 0 … 1. */
const steps = 100;

/** What can be set by a slider. A camera that doesn't say its limits most likely means 0 … 100. */
export function ranges(imaging: Imaging): PictureRange[] {
  return sliders.flatMap((name) => {
    const given = imaging[name];
    if (given === null) return [];
    const least = given.least ?? Math.min(0, given.value);
    const most = given.most ?? Math.max(steps, given.value);
    const span = most - least;
    return [{ name, value: given.value, least, most, step: span >= steps / 2 ? 1 : span / steps }];
  });
}

/** Nothing of its picture can be set. */
export const isFixed = (imaging: Imaging): boolean =>
  ranges(imaging).length === 0 && imaging.irCutChoices.length === 0 && !imaging.focusChoice;
