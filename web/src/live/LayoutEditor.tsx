import {
  ActionIcon,
  Button,
  NativeSelect,
  NumberInput,
  SegmentedControl,
  Switch,
  TextInput,
  useDirection,
} from '@mantine/core';
import { IconBellRinging, IconSitemap, IconTrash, IconX } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState, type CSSProperties, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import { Problem } from '../api/problem';
import type { Camera, LayoutTile, SavedLayout } from '../api/types';
import { useFormat } from '../i18n/format';
import { useSession } from '../identity/session';
import { plain } from '../shell/Palette';
import { Said, Why } from '../shell/Notice';
import { go, setQuery } from '../shell/route';
import { toast } from '../shell/toast';
import { bySite, useSites } from '../sites/sites';
import { useDeleteLayout, useSaveLayout } from './kept';
import { columnsOf, largeSpan, moveFocus, sizes, type Layout } from './layout';
import { SizeWords } from './SizeWords';

const empty: LayoutTile = { kind: 'empty', camera: null, seconds: null };
const alarmTile: LayoutTile = { kind: 'alarm', camera: null, seconds: 120 };
/** Moved farther than this, a press is a drag, CSS px. */
const dragPx = 6;

interface Props {
  before: SavedLayout | null;
  /** What is on the wall now: where a new layout begins. */
  size: Layout;
  tiles: readonly LayoutTile[];
  cameras: readonly Camera[];
}

/**
 * Arranges a wall: choose a tile, then what it shows; or drag it there. Both by keyboard as well: arrows over the tiles, Delete empties one, and what is
 * chosen in the list goes into the tile that is marked, which then moves on.
 */
export default function LayoutEditor({ before, size: firstSize, tiles: firstTiles, cameras }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { dir } = useDirection();
  const session = useSession();
  const save = useSaveLayout();
  const remove = useDeleteLayout();
  const sites = useSites();
  const away = new Set((sites.data ?? []).filter(({ up }) => !up).map(({ id }) => id));
  const [name, setName] = useState(before?.name ?? '');
  const [size, setSize] = useState<Layout>(firstSize);
  const [tiles, setTiles] = useState<readonly LayoutTile[]>(firstTiles);
  const [shared, setShared] = useState(before?.shared ?? false);
  const [at, setAt] = useState(0);
  const [search, setSearch] = useState('');
  const [said, setSaid] = useState('');
  const [dragged, setDragged] = useState<{ what: LayoutTile; words: string; x: number; y: number } | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const list = useId();
  const mayShare = session.data?.user?.organisation.includes('manageCameras') ?? false;
  const names = new Map(cameras.map((camera) => [camera.id, camera.name]));
  const shown = Array.from({ length: size }, (_, index) => tiles[index] ?? empty);
  const columns = columnsOf(size, false);
  const errors = save.error instanceof Problem ? save.error.errors : {};

  const wordsOf = (tile: LayoutTile) =>
    tile.kind === 'alarm'
      ? t('wall.alarmTile')
      : tile.kind === 'camera'
        ? (names.get(tile.camera ?? '') ?? tile.camera ?? '')
        : t('wall.emptyTile');

  const put = (index: number, tile: LayoutTile) => {
    setTiles(shown.map((each, i) => (i === index ? tile : each)));
    setSaid(t('wall.inTile', { what: wordsOf(tile), tile: format.number(index + 1) }));
  };
  const place = (tile: LayoutTile) => {
    put(at, tile);
    const next = shown.findIndex((each, index) => index > at && each.kind === 'empty');
    setAt(next < 0 ? Math.min(at + 1, size - 1) : next);
  };
  const swap = (from: number, to: number) => {
    const moved = shown[from];
    if (!moved || from === to) return;
    setTiles(shown.map((each, i) => (i === to ? moved : i === from ? (shown[to] ?? empty) : each)));
    setSaid(t('wall.inTile', { what: wordsOf(moved), tile: format.number(to + 1) }));
    setAt(to);
  };

  // Pointers drag from a tile or from the list; a finger taps instead, so that lists still scroll under it.
  const drag = (what: LayoutTile, from: number | null) => (press: PointerEvent<HTMLElement>) => {
    if (press.button !== 0 || press.pointerType === 'touch' || what.kind === 'empty') return;
    const [x, y] = [press.clientX, press.clientY];
    let far = false;
    const onMove = (event: globalThis.PointerEvent) => {
      far ||= Math.hypot(event.clientX - x, event.clientY - y) > dragPx;
      if (far) setDragged({ what, words: wordsOf(what), x: event.clientX, y: event.clientY });
    };
    const end = (event: globalThis.PointerEvent) => {
      window.removeEventListener('pointermove', onMove);
      window.removeEventListener('pointerup', end);
      window.removeEventListener('pointercancel', end);
      setDragged(null);
      const slot = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-slot]');
      if (!far || event.type === 'pointercancel' || !slot) return;
      const to = Number(slot.dataset.slot);
      if (from === null) {
        put(to, what);
        setAt(to);
      } else swap(from, to);
    };
    window.addEventListener('pointermove', onMove);
    window.addEventListener('pointerup', end);
    window.addEventListener('pointercancel', end);
  };

  const focusSlot = (index: number) => {
    setAt(index);
    grid.current?.querySelector<HTMLElement>(`[data-slot="${index}"]`)?.focus();
  };

  const close = () => setQuery({ edit: null }, { replace: false });
  const submit = () =>
    save.mutate(
      { before, input: { name, size, tiles: shown.map((tile) => ({ ...tile })), shared } },
      {
        onSuccess: (kept) => {
          toast(t('wall.saved', { name: kept.name }));
          go(`/live?saved=${kept.id}`, { replace: true });
        },
      },
    );

  useEffect(() => {
    grid.current?.querySelector<HTMLElement>('[data-slot="0"]')?.focus();
  }, []);

  const chosen = shown[at] ?? empty;
  const found = cameras.filter((camera) => plain(`${camera.name} ${camera.id}`).includes(plain(search.trim())));
  const choice = (camera: Camera) => {
    const tile: LayoutTile = { kind: 'camera', camera: camera.id, seconds: null };
    const times = shown.filter((each) => each.camera === camera.id).length;
    return (
      <li key={camera.id}>
        <button
          type="button"
          className="layout-camera"
          data-put={camera.id}
          onClick={() => place(tile)}
          onPointerDown={drag(tile, null)}
        >
          <span className="grow">
            <bdi>{camera.name}</bdi>
          </span>
          {times > 0 && <span className="dim small">{t('wall.onIt')}</span>}
        </button>
      </li>
    );
  };
  return (
    <form
      className="layout-editor"
      aria-label={before ? t('wall.change', { name: before.name }) : t('wall.newLayout')}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="layout-editor-wall">
        <p className="dim small">{t('wall.hint')}</p>
        {/* Its tiles are buttons; the arrows between them are the grid's. */}
        {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
        <div
          ref={grid}
          className="layout-slots"
          style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
          onKeyDown={(event) => {
            if (event.key.startsWith('Arrow')) {
              event.preventDefault();
              focusSlot(moveFocus(at, event.key, columns, size, dir === 'rtl', largeSpan(size)));
            } else if (event.key === 'Delete' || event.key === 'Backspace') {
              event.preventDefault();
              put(at, empty);
            }
          }}
        >
          {shown.map((tile, index) => (
            <button
              key={index}
              type="button"
              className={`layout-slot is-${tile.kind}`}
              style={index === 0 ? spanning(largeSpan(size)) : undefined}
              data-slot={index}
              tabIndex={index === at ? 0 : -1}
              aria-pressed={index === at}
              onFocus={() => setAt(index)}
              onClick={() => setAt(index)}
              onPointerDown={drag(tile, index)}
            >
              <span className="dim small">{format.number(index + 1)}</span>
              {tile.kind === 'alarm' && <IconBellRinging size={18} aria-hidden />}
              <bdi className={tile.kind === 'empty' ? 'visually-hidden' : undefined}>{wordsOf(tile)}</bdi>
            </button>
          ))}
        </div>
        <p className="visually-hidden" role="status">
          {said}
        </p>
        {chosen.kind === 'alarm' && (
          <fieldset className="layout-alarm">
            <legend>{t('wall.alarmTile')}</legend>
            <NativeSelect
              label={t('wall.rest')}
              value={chosen.camera ?? ''}
              data={[
                { value: '', label: t('wall.restNothing') },
                ...cameras.map((camera) => ({ value: camera.id, label: camera.name })),
              ]}
              onChange={(event) => put(at, { ...chosen, camera: event.currentTarget.value || null })}
            />
            <NumberInput
              label={t('wall.leaves')}
              description={t('wall.leavesHint')}
              value={chosen.seconds ?? ''}
              min={5}
              max={3600}
              suffix=" s"
              error={errors[`tiles[${at}].seconds`] && <Said text={(errors[`tiles[${at}].seconds`] ?? []).join(' ')} />}
              onChange={(value) => put(at, { ...chosen, seconds: typeof value === 'number' ? value : null })}
            />
          </fieldset>
        )}
      </div>

      <div className="layout-editor-side">
        <TextInput
          label={t('wall.name')}
          required
          maxLength={100}
          value={name}
          error={errors.name && <Said text={errors.name.join(' ')} />}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div>
          <span className="label" id={`${list}-size`}>
            {t('live.layout')}
          </span>
          <SegmentedControl
            aria-labelledby={`${list}-size`}
            size="xs"
            value={String(size)}
            onChange={(value) => {
              const next = sizes.find((each) => String(each) === value) ?? 4;
              setSize(next);
              setAt((now) => Math.min(now, next - 1));
            }}
            data={sizes.map((count) => ({ value: String(count), label: <SizeWords size={count} /> }))}
          />
        </div>
        {mayShare && (
          <Switch
            label={t('wall.share')}
            description={t('wall.shareHint')}
            checked={shared}
            disabled={before !== null && before.shared && !before.mine}
            onChange={(event) => setShared(event.currentTarget.checked)}
          />
        )}
        <TextInput
          label={t('app.cameras')}
          placeholder={t('wall.find')}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <div className="layout-cameras">
          <ul>
            <li>
              <button
                type="button"
                className="layout-camera"
                data-put="alarm"
                onClick={() => place(alarmTile)}
                onPointerDown={drag(alarmTile, null)}
              >
                <IconBellRinging size={16} aria-hidden />
                {t('wall.alarmTile')}
              </button>
            </li>
            {found.filter(({ id }) => !isFar(id)).map(choice)}
          </ul>
          {bySite(found).map((site) => (
            <section key={site.id} aria-labelledby={`${list}-${site.id}`} data-site={site.id}>
              <h3 id={`${list}-${site.id}`}>
                <IconSitemap size={16} aria-hidden /> <bdi>{site.name}</bdi>
                {away.has(site.id) && <span className="amber small">{t('sites.down')}</span>}
              </h3>
              <ul>{site.cameras.map(choice)}</ul>
            </section>
          ))}
        </div>
        {(save.isError || remove.isError) && Object.keys(errors).length === 0 && (
          <p className="red" role="alert">
            {save.error instanceof Problem && save.error.status === 412 ? (
              t('wall.faster')
            ) : (
              <Why error={save.error ?? remove.error} />
            )}
          </p>
        )}
        <div className="form-end">
          {before && (
            <Button
              variant="subtle"
              color="gray"
              leftSection={<IconTrash size={16} />}
              loading={remove.isPending}
              onClick={() => remove.mutate(before.id, { onSuccess: () => go('/live') })}
            >
              {t('wall.remove')}
            </Button>
          )}
          <Button variant="default" onClick={close}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ''}>
            {t('app.save')}
          </Button>
        </div>
      </div>
      <ActionIcon className="layout-editor-close" aria-label={t('app.close')} onClick={close}>
        <IconX size={18} />
      </ActionIcon>
      {dragged && (
        <div className="layout-ghost" style={{ transform: `translate(${dragged.x}px, ${dragged.y}px)` }} aria-hidden>
          {dragged.words}
        </div>
      )}
    </form>
  );
}

const spanning = (span: number): CSSProperties | undefined =>
  span > 1 ? { gridColumn: `span ${span}`, gridRow: `span ${span}` } : undefined;
