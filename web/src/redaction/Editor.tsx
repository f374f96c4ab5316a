import { ActionIcon, Button, NativeSelect, Switch, Tooltip } from '@mantine/core';
import {
  IconChevronLeft,
  IconChevronRight,
  IconChevronsLeft,
  IconChevronsRight,
  IconPlayerPause,
  IconPlayerPlay,
  IconSquarePlus,
} from '@tabler/icons-react';
import { useCallback, useEffect, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { RedactionPlan, RedactionThing } from '../api/types';
import { useFormat } from '../i18n/format';
import { Boxes } from './Boxes';
import { deedOf, drawn, indexAt, isThere, replaced, withBox, type Box } from './plan';
import { pictureUrl } from './queries';
import { ThingPanel } from './ThingPanel';

/** Pictures a second while it plays: each is a picture of its own, and slow enough to be looked at. */
const playRate = 8;
const second = 1_000_000;

interface Props {
  id: string;
  /** Of the stretch, ms since 1970. */
  start: number;
  /** Of the stretch, microseconds. */
  length: number;
  /** When each picture is, microseconds from the start. */
  at: readonly number[];
  aspect: number;
  plan: RedactionPlan;
  /** The node's revision of this very plan; null while it isn't saved. */
  saved: number | null;
  readOnly: boolean;
  onChange: (plan: RedactionPlan) => void;
}

/** The stretch picture by picture, what is covered over it, and all things beside it. */
export function Editor(props: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { plan, at, readOnly, onChange } = props;
  const [index, setIndex] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [preview, setPreview] = useState(false);
  const [selected, setSelected] = useState<string | null>(null);
  const [drawing, setDrawing] = useState(false);
  const now = at[index] ?? 0;
  const thing = plan.things.find(({ id }) => id === selected) ?? null;

  const step = useCallback((by: number) => setIndex((i) => Math.min(at.length - 1, Math.max(0, i + by))), [at.length]);
  const jump = useCallback((to: number) => setIndex(indexAt(at, to)), [at]);

  const put = (next: RedactionThing) => onChange(replaced(plan, next));
  const draw = (box: Box) => {
    const area = drawn(plan, now, box, props.length);
    onChange({ ...plan, things: [...plan.things, area] });
    setSelected(area.id);
    setDrawing(false);
  };
  const remove = (id: string) => {
    onChange({ ...plan, things: plan.things.filter((other) => other.id !== id) });
    setSelected(null);
  };

  const press = (event: KeyboardEvent) => {
    const field = event.target instanceof HTMLElement && event.target.closest('input, select, textarea, [data-box]');
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    const deeds: Record<string, () => void> = {
      ',': () => step(-1),
      '.': () => step(1),
      ArrowLeft: () => jump(now - second),
      ArrowRight: () => jump(now + second),
      p: () => setPreview(!preview),
      // On a button it presses that.
      ...(!(event.target instanceof HTMLButtonElement) && { ' ': () => setPlaying(!playing) }),
    };
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    event.stopPropagation();
    deed();
  };

  return (
    // Keys of the whole editor; each has its button as well.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="redact-editor" onKeyDown={press}>
      <div className="redact-main">
        <Stage
          {...props}
          index={index}
          preview={preview}
          playing={playing}
          drawing={drawing}
          selected={selected}
          onSelect={setSelected}
          onBox={(moved, box) => put(withBox(moved, now, box))}
          onDraw={draw}
          onNext={() => {
            if (index + 1 >= at.length) setPlaying(false);
            // As many as the camera made in the time: eight a second are shown.
            else jump(Math.max(now + second / playRate, at[index + 1] ?? 0));
          }}
          onBroken={() => setPlaying(false)}
        />
        <div className="redact-transport" dir="ltr">
          <Tool
            label={t('redact.secondBack')}
            onClick={() => jump(now - second)}
            icon={<IconChevronsLeft size={18} />}
          />
          <Tool label={t('redact.pictureBack')} onClick={() => step(-1)} icon={<IconChevronLeft size={18} />} />
          <Tool
            label={playing ? t('redact.pause') : t('redact.play')}
            onClick={() => setPlaying(!playing)}
            icon={playing ? <IconPlayerPause size={18} /> : <IconPlayerPlay size={18} />}
          />
          <Tool label={t('redact.pictureOn')} onClick={() => step(1)} icon={<IconChevronRight size={18} />} />
          <Tool
            label={t('redact.secondOn')}
            onClick={() => jump(now + second)}
            icon={<IconChevronsRight size={18} />}
          />
          <input
            type="range"
            className="redact-seek"
            min={0}
            max={Math.max(0, at.length - 1)}
            value={index}
            aria-label={t('redact.seek')}
            aria-valuetext={format.timeMs(props.start + now / 1000)}
            onChange={(event) => setIndex(Number(event.currentTarget.value))}
          />
          <span className="redact-time">
            {format.timeMs(props.start + now / 1000)} · {format.number(index + 1)}/{format.number(at.length)}
          </span>
        </div>
        <div className="redact-tools">
          <Switch
            checked={preview}
            onChange={(event) => setPreview(event.currentTarget.checked)}
            label={t('redact.preview')}
          />
          <Button
            variant={drawing ? 'filled' : 'default'}
            size="compact-md"
            aria-pressed={drawing}
            disabled={readOnly || preview}
            leftSection={<IconSquarePlus size={16} />}
            onClick={() => setDrawing(!drawing)}
          >
            {t('redact.draw')}
          </Button>
          {drawing && (
            <Button variant="default" size="compact-md" onClick={() => draw({ x: 0.4, y: 0.4, w: 0.2, h: 0.2 })}>
              {t('redact.drawMiddle')}
            </Button>
          )}
        </div>
      </div>
      <aside className="redact-side" aria-label={t('redact.things')}>
        <Switch
          checked={plan.everythingElse}
          disabled={readOnly}
          onChange={(event) => onChange({ ...plan, everythingElse: event.currentTarget.checked })}
          label={t('redact.everythingElse')}
          description={t('redact.everythingElseText')}
        />
        <NativeSelect
          label={t('redact.style')}
          value={plan.style}
          disabled={readOnly}
          onChange={(event) => onChange({ ...plan, style: event.currentTarget.value === 'fill' ? 'fill' : 'blur' })}
          data={(['blur', 'fill'] as const).map((style) => ({ value: style, label: t(`redact.styles.${style}`) }))}
        />
        {thing && (
          <ThingPanel
            thing={thing}
            plan={plan}
            now={now}
            next={at[index + 1] ?? props.length}
            start={props.start}
            readOnly={readOnly}
            onChange={put}
            onRemove={() => remove(thing.id)}
            onGo={jump}
          />
        )}
        <Things
          plan={plan}
          now={now}
          start={props.start}
          selected={selected}
          readOnly={readOnly}
          onSelect={(picked) => {
            setSelected(picked.id);
            // The first picture that shows it: it may begin between two.
            const first = at.findIndex((time) => time >= picked.from);
            if (!isThere(picked, now) && first >= 0) setIndex(first);
          }}
          onChange={put}
        />
      </aside>
    </div>
  );
}

function Tool({ label, icon, onClick }: { label: string; icon: React.ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

interface StageProps extends Props {
  index: number;
  preview: boolean;
  playing: boolean;
  drawing: boolean;
  selected: string | null;
  onSelect: (id: string) => void;
  onBox: (thing: RedactionThing, box: Box) => void;
  onDraw: (box: Box) => void;
  onNext: () => void;
  onBroken: () => void;
}

function Stage(props: StageProps) {
  const { t } = useTranslation();
  const { index, playing, onNext } = props;
  const [loaded, setLoaded] = useState('');
  const [broken, setBroken] = useState('');
  // A phone needs no picture of a wall's size.
  const [width] = useState(() => (window.innerWidth < 700 ? 640 : 1280));
  const waits = props.preview && props.saved === null;
  const url = waits ? '' : pictureUrl(props.id, index, width, props.preview ? props.saved : null);

  // The next picture follows when this one is there, and never sooner than it should.
  useEffect(() => {
    if (!playing || loaded !== url) return;
    const timer = setTimeout(onNext, 1000 / playRate);
    return () => clearTimeout(timer);
  }, [playing, loaded, url, onNext]);

  return (
    <div
      className="redact-stage"
      dir="ltr"
      style={{ aspectRatio: props.aspect, maxInlineSize: `calc((100vh - 260px) * ${props.aspect})` }}
    >
      {url !== '' && (
        <img
          src={url}
          alt={props.preview ? t('redact.previewAlt') : t('redact.pictureAlt')}
          data-shown={loaded === url}
          draggable={false}
          onLoad={() => {
            setLoaded(url);
            setBroken('');
          }}
          onError={() => {
            setBroken(url);
            props.onBroken();
          }}
        />
      )}
      {broken === url && url !== '' && (
        <p className="redact-broken" role="alert">
          {t('redact.noPicture')}
        </p>
      )}
      {!props.preview && (
        <Boxes
          plan={props.plan}
          now={props.at[index] ?? 0}
          selected={props.selected}
          drawing={props.drawing}
          readOnly={props.readOnly}
          onSelect={props.onSelect}
          onBox={props.onBox}
          onDraw={props.onDraw}
        />
      )}
    </div>
  );
}

interface ThingsProps {
  plan: RedactionPlan;
  now: number;
  start: number;
  selected: string | null;
  readOnly: boolean;
  onSelect: (thing: RedactionThing) => void;
  onChange: (thing: RedactionThing) => void;
}

/** Everything that was found or drawn, each with its switch. */
function Things({ plan, now, start, selected, readOnly, onSelect, onChange }: ThingsProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const [here, setHere] = useState(false);
  const shown = here ? plan.things.filter((thing) => isThere(thing, now)) : plan.things;
  const on = plan.everythingElse ? 'keep' : 'cover';
  return (
    <section>
      <div className="redact-things-head">
        <h2>{t('redact.found', { count: plan.things.length })}</h2>
        <Switch checked={here} onChange={(event) => setHere(event.currentTarget.checked)} label={t('redact.here')} />
      </div>
      {plan.things.length === 0 && <p className="dim">{t('redact.nothing')}</p>}
      <ul className="redact-things">
        {shown.map((thing) => {
          const name = `${t(`redact.kinds.${thing.kind}`)} ${thing.id}`;
          const deed = deedOf(thing, plan);
          return (
            <li key={thing.id} data-deed={deed} data-there={isThere(thing, now)}>
              <button
                type="button"
                className="redact-thing"
                aria-pressed={thing.id === selected}
                onClick={() => onSelect(thing)}
              >
                <span>
                  {t(`redact.kinds.${thing.kind}`)} <bdi className="code">{thing.id}</bdi>
                </span>
                <bdi dir="ltr" className="dim small">
                  {format.time(start + thing.from / 1000)}–{format.time(start + thing.to / 1000)}
                </bdi>
              </button>
              <Switch
                size="sm"
                aria-label={t(on === 'keep' ? 'redact.keepOf' : 'redact.coverOf', { name })}
                checked={deed === on || (plan.everythingElse && deed === 'cover')}
                disabled={readOnly}
                onChange={(event) => onChange({ ...thing, deed: event.currentTarget.checked ? on : 'none' })}
              />
            </li>
          );
        })}
      </ul>
    </section>
  );
}
