import { IconCircleFilled, IconCircleOff } from '@tabler/icons-react';
import { memo, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import type { Timeline } from '../api/types';
import type { Format } from '../i18n/format';
import { drawRow, type RowColours } from './drawRow';
import { drawHolds } from './holds';
import { drawMarks, type Mark } from './marks';
import { Moment, spoken } from './Moment';
import type { Listed } from './removed';
import { StripTip } from './StripTip';
import { spanOf, toPixel } from './TimeScale';
import type { TimelineView } from './TimelineView';

interface Props {
  camera: Listed;
  timeline: Timeline | undefined;
  marks: Mark[] | undefined;
  view: TimelineView;
  selected: boolean;
  first: boolean;
  colours: RowColours | null;
  format: Format;
  onSeek: (camera: string, ms: number) => void;
}

/** One camera's strip: its name, and what is recorded of it. */
export const Strip = memo(function Strip({
  camera,
  timeline,
  marks,
  view,
  selected,
  first,
  colours,
  format,
  onSeek,
}: Props) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [focus, setFocus] = useState(false);
  // Whole seconds: a screen reader has no use for sixty values a second.
  const second = useSyncExternalStore(view.subscribe, () => (selected ? Math.floor(view.playhead / 1000) : 0));

  useEffect(() => {
    if (!colours) return;
    const draw = () => {
      if (!canvas.current) return;
      drawRow(canvas.current, view.scale, timeline, nodeNow(), colours, selected);
      drawHolds(canvas.current, view.scale, timeline, colours.hold);
      if (marks) drawMarks(canvas.current, view.scale, marks, colours.mark);
    };
    draw();
    // Playing moves only the playhead; a strip is redrawn when the stretch in view changes.
    let drawn = view.scale;
    return view.onFrame(() => {
      if (view.scale === drawn && spanOf(drawn) > 600_000) return;
      drawn = view.scale;
      draw();
    });
  }, [view, timeline, marks, colours, selected]);

  const recording = camera.removed ? t('timeline.removed') : t(`recording.${camera.recording.state}`);
  return (
    <div
      className={`strip${selected ? ' selected' : ''}${camera.removed ? ' removed' : ''}`}
      data-strip={camera.id}
      title={camera.removed ? t('timeline.removed') : undefined}
    >
      <button
        type="button"
        className="strip-label"
        tabIndex={-1}
        aria-pressed={selected}
        onClick={() => onSeek(camera.id, view.playhead)}
      >
        {camera.recording.state === 'recording' ? (
          <IconCircleFilled size={8} className="dim" aria-label={recording} />
        ) : (
          <IconCircleOff size={12} className={camera.removed ? 'dim' : 'amber'} aria-label={recording} />
        )}
        <bdi>{camera.name}</bdi>
      </button>
      <div
        className="strip-track"
        role="slider"
        tabIndex={selected || first ? 0 : -1}
        aria-label={t('timeline.strip', { camera: camera.name })}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.floor(nodeNow() / 1000)}
        aria-valuenow={selected ? second : Math.floor(view.playhead / 1000)}
        aria-valuetext={t('timeline.at', {
          time: format.dateTime(selected ? second * 1000 : view.playhead),
          what: spoken(t, format, timeline, selected ? second * 1000 : view.playhead),
        })}
        onFocus={(event) => setFocus(event.currentTarget.matches(':focus-visible'))}
        onBlur={() => setFocus(false)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !selected) {
            event.preventDefault();
            onSeek(camera.id, view.playhead);
          }
        }}
      >
        <canvas ref={canvas} aria-hidden />
        {focus && selected && (
          <StripTip
            above={8}
            place={() => {
              const box = canvas.current?.getBoundingClientRect();
              return box ? { x: box.left + toPixel(view.scale, second * 1000), y: box.top } : null;
            }}
          >
            <Moment
              camera={camera.id}
              timeline={timeline}
              ms={second * 1000}
              format={format}
              span={spanOf(view.scale)}
            />
          </StripTip>
        )}
      </div>
    </div>
  );
});
