import { useCallback, useEffect, useRef, useState } from 'react';
import type { Clip } from './check/manifest';
import { Deck } from './Deck';
import { ms, useReader } from './reader';
import { clipAfter, clipAt, gapAt, type Axis, type Row } from './rows';
import { Tracks } from './Tracks';
import { causeOf, fill } from './words';

const speeds = [0.25, 0.5, 1, 2, 4, 8] as const;
const second = 1_000_000;
/** Of the usual 25 pictures a second. */
const picture = second / 25;

interface Props {
  rows: readonly Row[];
  axis: Axis;
  urlOf: (clip: Clip) => string;
}

/** Where one is: which stream, and when (microseconds since 1970). */
interface Place {
  row: Row;
  time: number;
}

type Notice = { kind: 'skipped'; from: number; to: number; cause: string } | { kind: 'failed' } | null;

/** The part of a clip's codecs that is pictures: sound that a browser can't play is no hindrance. */
const pictureCodec = (clip: Clip) =>
  clip.codecs.split(',').find((codec) => /^(avc|hvc|hev|av01|vp0)/.test(codec.trim()));

function canPlay(clip: Clip): boolean {
  const codec = pictureCodec(clip);
  return (
    codec === undefined || document.createElement('video').canPlayType(`video/mp4; codecs="${codec.trim()}"`) !== ''
  );
}

/** The picture, its clock, what moves it, and the timeline of all cameras. */
export function Stage({ rows, axis, urlOf }: Props) {
  const { w, format, zone } = useReader();
  const [place, setPlace] = useState<Place>(() => firstOf(rows, axis));
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [isMuted, setMuted] = useState(true);
  const [notice, setNotice] = useState<Notice>(null);
  const frame = useRef<HTMLDivElement>(null);
  const one = useRef<HTMLVideoElement>(null);
  const other = useRef<HTMLVideoElement>(null);
  const deck = useRef<Deck | null>(null);
  // What the players' events need to know; they outlive a rendering.
  const now = useRef({ place, isPlaying });
  useEffect(() => {
    now.current = { place, isPlaying };
  });

  const go = useCallback(
    (row: Row, wanted: number) => {
      const time = Math.min(Math.max(wanted, axis.from), axis.to);
      const clip = clipAt(row, time);
      setPlace({ row, time });
      if (clip && canPlay(clip)) deck.current?.show(clip, time, clipAfter(row, clip.start));
      else deck.current?.blank();
    },
    [axis],
  );

  /** Over what wasn't recorded, to the next footage; stands still at the end. */
  const skip = useCallback(
    (row: Row, time: number) => {
      const next = row.clips.find((clip) => clip.start >= time && canPlay(clip));
      if (!next) {
        setPlaying(false);
        setPlace({ row, time });
        return;
      }
      const gap = gapAt(row, time);
      if (next.start - time > second / 2) {
        setNotice({ kind: 'skipped', from: time, to: next.start, cause: gap?.cause ?? '' });
      }
      go(row, next.start);
    },
    [go],
  );

  useEffect(() => {
    if (!one.current || !other.current) return;
    const made = new Deck([one.current, other.current], urlOf, {
      onTime: (time) =>
        setPlace((before) => (Math.abs(before.time - time) < 30_000 ? before : { row: before.row, time })),
      onEnded: (clip) => {
        const { row } = now.current.place;
        const next = clipAt(row, clip.end);
        if (next && next !== clip && canPlay(next)) go(row, clip.end);
        else skip(row, clip.end);
      },
      onFailed: () => {
        setNotice({ kind: 'failed' });
        setPlaying(false);
      },
      onReady: () => setNotice((before) => (before?.kind === 'failed' ? null : before)),
    });
    deck.current = made;
    const { row, time } = now.current.place;
    go(row, time);
    return () => made.close();
  }, [urlOf, go, skip]);

  useEffect(() => {
    if (deck.current) deck.current.isPlaying = isPlaying;
  }, [isPlaying]);
  useEffect(() => {
    if (deck.current) deck.current.speed = speed;
  }, [speed]);
  useEffect(() => {
    if (deck.current) deck.current.isMuted = isMuted;
  }, [isMuted]);

  const toggle = useCallback(() => {
    const { place: at, isPlaying: was } = now.current;
    setNotice(null);
    setPlaying(!was);
    if (was) return;
    const clip = clipAt(at.row, at.time);
    if (at.time >= axis.to) go(at.row, axis.from);
    else if (!clip || !canPlay(clip)) skip(at.row, at.time);
  }, [axis, go, skip]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target instanceof HTMLElement && target.matches('textarea, input, select, summary')) return;
      if (event.key === ' ' && target instanceof HTMLButtonElement) return;
      const { row, time } = now.current.place;
      const moves: Record<string, () => void> = {
        ' ': toggle,
        k: toggle,
        ArrowLeft: () => go(row, time - second),
        ArrowRight: () => go(row, time + second),
        j: () => go(row, time - 10 * second),
        l: () => go(row, time + 10 * second),
        ',': () => go(row, time - picture),
        '.': () => go(row, time + picture),
        Home: () => go(row, axis.from),
        End: () => go(row, axis.to - second),
        m: () => setMuted((before) => !before),
        f: () => void frame.current?.requestFullscreen().catch(() => undefined),
      };
      const chosen = /^[1-9]$/.test(event.key) ? rows[Number(event.key) - 1] : undefined;
      const does = chosen
        ? () => go(chosen, time)
        : moves[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!does) return;
      event.preventDefault();
      does();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [axis, rows, go, toggle]);

  const { row, time } = place;
  const clip = clipAt(row, time);
  const gap = clip ? undefined : gapAt(row, time);
  const unplayable = clip !== undefined && !canPlay(clip);
  const cause = (name: string) => (name === '' ? '' : causeOf(w, name));
  return (
    <section
      className="stage"
      aria-label={row.name}
      data-time={Math.round(time)}
      data-row={row.key}
      data-playing={isPlaying}
    >
      {rows.length > 1 && (
        <div role="group" aria-label={w.cameras} className="cameras">
          {rows.map((each) => (
            <button key={each.key} type="button" aria-pressed={each === row} onClick={() => go(each, time)}>
              <bdi>{each.name}</bdi>
              {rows.some((other) => other !== each && other.camera === each.camera) && (
                <span className="dim"> {each.stream === 'sub' ? w.sub : w.main}</span>
              )}
            </button>
          ))}
        </div>
      )}
      <div className="picture" ref={frame}>
        {/* Footage has no captions. */}
        <video ref={one} muted playsInline onClick={toggle} aria-label={row.name} />
        <video ref={other} muted playsInline onClick={toggle} aria-label={row.name} hidden />
        {unplayable && (
          <div className="card">
            <p>{fill(w.cantPlay, { codecs: pictureCodec(clip) ?? clip.codecs })}</p>
            <p className="dim">{fill(w.cantPlayHow, { path: clip.path })}</p>
          </div>
        )}
        {!clip && (
          <div className="card hatched-back">
            <p>{gap ? fill(w.noFootage, { cause: cause(gap.cause) }) : w.noFootageHere}</p>
            {gap && gap.detail !== '' && (
              <p className="dim">
                <bdi lang="en">{gap.detail}</bdi>
              </p>
            )}
          </div>
        )}
        <div className="clock">
          <bdi>{row.name}</bdi>
          <time dateTime={new Date(ms(time)).toISOString()}>
            <bdi>{format.date(ms(time))}</bdi> <bdi dir="ltr">{format.timeMs(ms(time))}</bdi>{' '}
            <bdi>{format.zone(ms(time))}</bdi>
          </time>
          <span className="visually-hidden">{zone}</span>
        </div>
      </div>
      <p role="status" className="notice" data-notice={notice?.kind ?? ''}>
        {notice?.kind === 'skipped' &&
          fill(w.skipped, {
            from: format.timeMs(ms(notice.from)),
            to: format.timeMs(ms(notice.to)),
            cause: cause(notice.cause) || w.noFootageHere,
          })}
        {notice?.kind === 'failed' && w.needsClick}
      </p>
      <div className="transport">
        <button type="button" className="main" onClick={toggle}>
          {isPlaying ? w.pause : w.play}
        </button>
        <label className="choice">
          <span>{w.speed}</span>
          <select value={speed} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
            {speeds.map((each) => (
              <option key={each} value={each}>
                {each}×
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={() => setMuted(!isMuted)}>
          {isMuted ? w.sound : w.noSound}
        </button>
        <button type="button" onClick={() => void frame.current?.requestFullscreen().catch(() => undefined)}>
          {w.fullScreen}
        </button>
        <details className="keys">
          <summary>{w.keys}</summary>
          <dl>
            {w.keyWords.map(([key, does]) => (
              <div key={key}>
                <dt>
                  <kbd dir="ltr">{key}</kbd>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
      <Tracks rows={rows} axis={axis} row={row} time={time} onGo={go} />
    </section>
  );
}

/** Where there is something to see first. */
function firstOf(rows: readonly Row[], axis: Axis): Place {
  const row = rows.find(({ clips }) => clips.length > 0) ?? rows[0];
  if (!row) throw new Error('A stage needs a row.');
  return { row, time: row.clips[0]?.start ?? axis.from };
}
