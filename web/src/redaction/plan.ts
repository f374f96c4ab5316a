import type { RedactionKey, RedactionPlan, RedactionThing } from '../api/types';

// Times are microseconds from the start of the stretch, boxes fractions of the picture: as the node has them.

export type Box = Pick<RedactionKey, 'x' | 'y' | 'w' | 'h'>;

/** Smaller, in fractions of the picture, nothing can be seen or taken hold of. */
export const leastSide = 0.01;

/** The box of a thing at a moment, whether or not it is there then: straight between keys, still before the first and behind the last. */
export function boxAt(thing: Pick<RedactionThing, 'keys'>, at: number): Box {
  const { keys } = thing;
  const later = keys.findIndex((key) => key.at > at);
  const before = later === -1 ? keys[keys.length - 1] : keys[later - 1];
  const after = later === -1 ? undefined : keys[later];
  if (!before || !after) {
    const only = before ?? after;
    return only ? { x: only.x, y: only.y, w: only.w, h: only.h } : { x: 0, y: 0, w: 0, h: 0 };
  }
  const part = (at - before.at) / (after.at - before.at);
  const mix = (a: number, b: number) => a + (b - a) * part;
  return {
    x: mix(before.x, after.x),
    y: mix(before.y, after.y),
    w: mix(before.w, after.w),
    h: mix(before.h, after.h),
  };
}

export const isThere = (thing: RedactionThing, at: number): boolean => thing.from <= at && at < thing.to;

/** A box that can be kept: not too small, and with a part of it in the picture. */
export function sound(box: Box): Box {
  const w = Math.min(2, Math.max(leastSide, box.w));
  const h = Math.min(2, Math.max(leastSide, box.h));
  const round = (value: number) => Math.round(value * 10_000) / 10_000;
  return {
    x: round(Math.min(1 - leastSide, Math.max(leastSide - w, box.x))),
    y: round(Math.min(1 - leastSide, Math.max(leastSide - h, box.y))),
    w: round(w),
    h: round(h),
  };
}

/** The thing with its box put right at a moment. */
export function withBox(thing: RedactionThing, at: number, box: Box): RedactionThing {
  const key: RedactionKey = { at, ...sound(box) };
  const keys = [...thing.keys.filter((other) => other.at !== at), key].sort((a, b) => a.at - b.at);
  return { ...thing, keys };
}

/** Without the key at a moment; the last one stays. */
export const withoutKey = (thing: RedactionThing, at: number): RedactionThing =>
  thing.keys.length > 1 ? { ...thing, keys: thing.keys.filter((key) => key.at !== at) } : thing;

/** The thing there from a moment on, or until behind it; null where nothing would be left. */
export function withFrom(thing: RedactionThing, from: number): RedactionThing | null {
  return from < thing.to ? { ...thing, from } : null;
}

export function withTo(thing: RedactionThing, to: number): RedactionThing | null {
  return to > thing.from ? { ...thing, to } : null;
}

/** A new area, for the whole stretch: what is drawn is there until somebody says until when. */
export function drawn(plan: RedactionPlan, at: number, box: Box, length: number): RedactionThing {
  const numbers = plan.things.map(({ id }) => /^a(\d+)$/.exec(id)?.[1]).map((text) => (text ? Number(text) : 0));
  return {
    id: `a${Math.max(0, ...numbers) + 1}`,
    kind: 'area',
    found: false,
    deed: plan.everythingElse ? 'keep' : 'cover',
    style: null,
    from: 0,
    to: length,
    keys: [{ at, ...sound(box) }],
  };
}

export const replaced = (plan: RedactionPlan, thing: RedactionThing): RedactionPlan => ({
  ...plan,
  things: plan.things.map((other) => (other.id === thing.id ? thing : other)),
});

/** What becomes of a thing: keeping says nothing where nothing else is covered. */
export const deedOf = (thing: RedactionThing, plan: RedactionPlan): RedactionThing['deed'] =>
  thing.deed === 'keep' && !plan.everythingElse ? 'none' : thing.deed;

/** Index of the last of rising moments that isn't later; 0 before the first. */
export function indexAt(moments: readonly number[], at: number): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
