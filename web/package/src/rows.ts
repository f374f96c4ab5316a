import type { Clip, Gap, Manifest } from './check/manifest';

// Times are microseconds since 1970, as manifests have them.

/** What one stream of a camera showed, and what it lacks. */
export interface Row {
  key: string;
  camera: string;
  name: string;
  stream: string;
  clips: Clip[];
  gaps: Gap[];
}

export interface Span {
  from: number;
  to: number;
}

const byStart = (a: Clip, b: Clip) => a.start - b.start;

/** One row a camera and stream, in the order in which the package names them. */
export function rowsOf({ stretches, video, gaps }: Manifest): Row[] {
  const rows = new Map<string, Row>();
  for (const { camera, stream, name } of [...stretches, ...video.map((clip) => ({ ...clip, name: '' }))]) {
    const key = `${camera}/${stream}`;
    if (rows.has(key)) continue;
    const isTheirs = (each: { camera: string; stream: string }) => each.camera === camera && each.stream === stream;
    rows.set(key, {
      key,
      camera,
      name: name === '' ? camera : name,
      stream,
      clips: video.filter(isTheirs).sort(byStart),
      gaps: gaps.filter(isTheirs).sort((a, b) => a.from - b.from),
    });
  }
  return [...rows.values()];
}

/** Spans that touch or overlap as one; in order. */
export function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

export const spanOf = ({ start, end }: Clip): Span => ({ from: start, to: end });

/** Of the axis, for each place where time is left out. */
const breakWidth = 0.02;

/** Time on a line from 0 to 1: the stretches of a package may lie days apart, and what is between them is left out. */
export class Axis {
  readonly pieces: readonly (Span & { x: number; width: number })[];

  constructor(spans: readonly Span[]) {
    const pieces = merged(spans.filter(({ from, to }) => to > from));
    const length = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
    const breaks = Math.min(breakWidth, 0.3 / Math.max(1, pieces.length));
    const room = 1 - breaks * Math.max(0, pieces.length - 1);
    let x = 0;
    this.pieces = pieces.map(({ from, to }) => {
      const width = ((to - from) / length) * room;
      const piece = { from, to, x, width };
      x += width + breaks;
      return piece;
    });
  }

  static of(rows: readonly Row[], stretches: readonly Span[]): Axis {
    return new Axis([...stretches, ...rows.flatMap(({ clips, gaps }) => [...clips.map(spanOf), ...gaps])]);
  }

  get from(): number {
    return this.pieces[0]?.from ?? 0;
  }

  get to(): number {
    return this.pieces.at(-1)?.to ?? 0;
  }

  /** Of what is left out, the place of the break. */
  xOf(time: number): number {
    for (const { from, to, x, width } of this.pieces) {
      if (time < from) return x;
      if (time <= to) return x + (width * (time - from)) / (to - from);
    }
    return 1;
  }

  timeAt(x: number): number {
    for (const piece of this.pieces) {
      if (x < piece.x) return piece.from;
      if (x <= piece.x + piece.width) return piece.from + ((x - piece.x) / piece.width) * (piece.to - piece.from);
    }
    return this.to;
  }
}

export const clipAt = (row: Row, time: number): Clip | undefined =>
  row.clips.findLast(({ start, end }) => start <= time && time < end);

/** The first that begins after a time. */
export const clipAfter = (row: Row, time: number): Clip | undefined => row.clips.find(({ start }) => start > time);

export const gapAt = (row: Row, time: number): Gap | undefined =>
  row.gaps.find(({ from, to }) => from <= time && time < to);
