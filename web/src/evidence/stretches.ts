import type { Alarm, Incident, StreamKind } from '../api/types';

/** What a package is to hold of one stream; times in ms since 1970. */
export interface Stretch {
  camera: string;
  stream: StreamKind;
  from: number;
  to: number;
}

/** Around what happened: how it began, and how it went on. */
const before = 10_000;
const after = 30_000;
/** Closer together they are one stretch: a package of many short ones is hard to follow. */
const near = 60_000;

/** As the node wants them: those of one stream in order and apart. */
export function joined(stretches: readonly Stretch[], apart = 0): Stretch[] {
  const result: Stretch[] = [];
  for (const each of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = result.findLast(({ camera, stream }) => camera === each.camera && stream === each.stream);
    if (last && each.from <= last.to + apart) last.to = Math.max(last.to, each.to);
    else result.push({ ...each });
  }
  return result;
}

/** What an incident's alarms saw and what was pinned, on every camera that was there. */
export function stretchesOf(
  { pins }: Pick<Incident, 'pins'>,
  alarms: readonly Pick<Alarm, 'camera' | 'cameras' | 'at' | 'lastAt'>[],
  now: number,
): Stretch[] {
  const seen = alarms.flatMap(({ camera, cameras, at, lastAt }) =>
    [...new Set([camera, ...cameras])]
      .filter((id) => id !== '')
      .map((id) => ({ camera: id, from: Date.parse(at) - before, to: Date.parse(lastAt) + after })),
  );
  const held = pins.flatMap(({ cameras, from, to }) =>
    cameras.map((camera) => ({ camera, from: Date.parse(from), to: Date.parse(to) })),
  );
  return joined(
    [...seen, ...held]
      .map(({ camera, from, to }) => ({ camera, stream: 'main' as const, from, to: Math.min(to, now) }))
      .filter(({ from, to }) => to > from),
    near,
  );
}
