import { useState } from 'react';
import { ms, useReader } from './reader';
import { merged, spanOf, type Axis, type Row } from './rows';
import { causeOf, fill } from './words';

const second = 1_000_000;
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * second,
);
const wantedTicks = 7;

const percent = (part: number) => `${(part * 100).toFixed(4)}%`;

interface Props {
  rows: readonly Row[];
  axis: Axis;
  row: Row;
  time: number;
  onGo: (row: Row, time: number) => void;
}

/** A line for each stream: footage, gaps hatched, and where one is. Time runs from left to right in every language. */
export function Tracks({ rows, axis, row, time, onGo }: Props) {
  const { w, format } = useReader();
  const [pointed, setPointed] = useState<number | null>(null);
  const timeUnder = (event: React.PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return axis.timeAt(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  };
  return (
    <div className="tracks">
      {rows.map((each) => (
        <div key={each.key} className="track-line">
          <bdi className="track-name" title={each.name}>
            {each.name}
          </bdi>
          <div
            className="track"
            dir="ltr"
            role="slider"
            tabIndex={0}
            aria-label={fill(w.timeline, { camera: each.name })}
            aria-valuemin={ms(axis.from)}
            aria-valuemax={ms(axis.to)}
            aria-valuenow={ms(time)}
            aria-valuetext={format.dateTime(ms(time))}
            data-track={each.key}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              onGo(each, timeUnder(event));
            }}
            onPointerMove={(event) => {
              setPointed(timeUnder(event));
              if (event.buttons & 1) onGo(each, timeUnder(event));
            }}
            onPointerLeave={() => setPointed(null)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') onGo(each, time);
            }}
          >
            {merged(each.clips.map(spanOf)).map(({ from, to }) => (
              <span
                key={from}
                className={
                  each.clips.some(({ start, derived }) => start === from && derived) ? 'footage derived' : 'footage'
                }
                style={{ left: percent(axis.xOf(from)), width: percent(axis.xOf(to) - axis.xOf(from)) }}
              />
            ))}
            {each.gaps.map((gap) => (
              <span
                key={gap.from}
                className="hatched"
                title={fill(w.noFootage, { cause: causeOf(w, gap.cause) })}
                style={{ left: percent(axis.xOf(gap.from)), width: percent(axis.xOf(gap.to) - axis.xOf(gap.from)) }}
              />
            ))}
            {axis.pieces.slice(1).map(({ x }) => (
              <span key={x} className="break" style={{ left: percent(x) }} />
            ))}
            <span className={each === row ? 'head here' : 'head'} style={{ left: percent(axis.xOf(time)) }} />
          </div>
        </div>
      ))}
      <div className="track-line" aria-hidden>
        <span className="track-name" />
        <div className="ruler" dir="ltr">
          {pointed === null ? (
            ticksOf(axis)
              // Those at the rims have no room for their words.
              .filter((tick) => axis.xOf(tick) > 0.04 && axis.xOf(tick) < 0.96)
              .map((tick) => (
                <span key={tick} style={{ left: percent(axis.xOf(tick)) }}>
                  {format.time(ms(tick))}
                </span>
              ))
          ) : (
            <span className="pointed" style={{ left: percent(axis.xOf(pointed)) }}>
              {format.dateTime(ms(pointed))}
            </span>
          )}
        </div>
      </div>
    </div>
  );
}

function ticksOf({ pieces }: Axis): number[] {
  const length = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  const step = steps.find((each) => length / each <= wantedTicks) ?? 86_400 * second;
  return pieces.flatMap(({ from, to }) => {
    const ticks: number[] = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
    return ticks;
  });
}
