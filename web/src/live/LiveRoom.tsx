import { ActionIcon, Button, SegmentedControl, Skeleton, Tooltip, useDirection } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import {
  IconArrowBackUp,
  IconChevronLeft,
  IconChevronRight,
  IconDeviceCctvOff,
  IconLayoutOff,
  IconMaximize,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlus,
  IconWindowMinimize,
} from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isFar } from '../api/client';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import type { Camera } from '../api/types';
import { useFormat } from '../i18n/format';
import { boxesShown, setBoxes } from '../overlay/boxes';
import { useKeys } from '../shell/keyboard';
import { Failure, Notice, RoomSkeleton } from '../shell/Notice';
import { go, setQuery, usePlace } from '../shell/route';
import { toast } from '../shell/toast';
import { pinAround } from '../timeline/holds';
import { AlarmTile, EmptyTile } from './AlarmTile';
import { asCamera, siteOf, useFarCameras } from '../sites/sites';
import { asTiles, ofCamera, ofLayout, type Cell } from './cells';
import { useLayouts, useTours } from './kept';
import { asLayout, columnsOf, largeSpan, moveFocus, readLayout, rowsOf, sizes, type Layout } from './layout';
import { LayoutMenu } from './LayoutMenu';
import { LiveTile } from './LiveTile';
import { PtzPad } from './PtzPad';
import { SizeWords } from './SizeWords';
import { useTour } from './useTour';
import { wishZoom, zoomKey } from './useZoom';
import './wall.css';

const HoldDialog = lazy(() => import('../holds/HoldDialog'));
const LayoutEditor = lazy(() => import('./LayoutEditor'));
const TourEditor = lazy(() => import('./TourEditor'));

const none: Camera[] = [];

export default function LiveRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const { dir } = useDirection();
  const { query } = usePlace();
  const cameras = useCameras();
  const farCameras = useFarCameras();
  const portrait = useMediaQuery('(max-width: 700px)');
  const [focused, setFocused] = useState<string | null>(null);
  const [pinned, setPinned] = useState<{ id: string; from: number; to: number } | null>(null);
  const room = useRef<HTMLDivElement>(null);
  const kept = useLayouts();
  const tours = useTours();
  const screen = query.has('screen');
  useAwake(screen);

  const far = useMemo(() => (farCameras.data ?? []).map(asCamera), [farCameras.data]);
  const all = useMemo(() => [...(cameras.data ?? []), ...far], [cameras.data, far]);
  // By itself a wall has the cameras here, or those of the site that was asked for; a centre without own ones all there are.
  const siteId = query.get('site');
  const ofSite = useMemo(() => far.filter(({ id }) => siteOf(id) === siteId), [far, siteId]);
  const usual = ofSite.length > 0 ? ofSite : cameras.data?.length === 0 ? far : (cameras.data ?? none);
  const savedId = query.get('saved');
  const tourId = query.get('tour');
  const tour = tours.data?.find(({ id }) => id === tourId) ?? null;
  const going = useTour(tour);
  // Where a tour goes by itself nothing keeps the focus, or it would stop there again.
  const [stood, setStood] = useState(going.state.at);
  if (stood !== going.state.at) {
    setStood(going.state.at);
    setFocused(null);
  }
  const saved = kept.data?.find(({ id }) => id === (going.step?.layout ?? savedId)) ?? null;
  // A camera of a tour is a wall of one.
  const single = all.find(({ id }) => id === going.step?.camera) ?? null;

  const layout: Layout = saved
    ? (asLayout(saved.size) ?? 4)
    : single
      ? 1
      : readLayout(query.get('layout'), usual.length);
  const isKept = saved !== null || single !== null;
  const pages = isKept ? 1 : Math.max(1, Math.ceil(usual.length / layout));
  const page = Math.min(pages, Math.max(1, Number(query.get('page')) || 1));
  const onPage = useMemo<Cell[]>(
    () =>
      saved
        ? ofLayout(saved, all)
        : single
          ? [ofCamera(single)]
          : usual.slice((page - 1) * layout, page * layout).map(ofCamera),
    [saved, single, all, usual, page, layout],
  );
  const large = all.find((camera) => camera.id === query.get('camera')) ?? null;
  // The enlarged camera is shown whatever page it is on.
  const largeCell =
    large && (onPage.find((cell) => cell.kind === 'camera' && cell.camera === large) ?? ofCamera(large));
  const cells = largeCell && !onPage.includes(largeCell) ? [...onPage, largeCell] : onPage;
  const columns = large ? 1 : columnsOf(layout, portrait);
  const span = large ? 1 : Math.min(columns, largeSpan(layout));
  const rows = large
    ? 1
    : portrait
      ? undefined
      : isKept || span > 1
        ? columns
        : rowsOf(columns, pages === 1 ? onPage.length : layout);
  const scrolls = portrait && !large && onPage.length > 1;

  const toggle = useCallback(
    (id: string) => {
      setQuery({ camera: large?.id === id ? null : id }, { replace: false });
      setFocused(id);
    },
    [large?.id],
  );

  const fullScreen = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else room.current?.requestFullscreen().catch(() => undefined);
  };

  const pin = useCallback((id: string) => setPinned({ id, ...pinAround(nodeNow()) }), []);
  const tileOf = (key: string | null) =>
    key === null ? null : document.querySelector<HTMLElement>(`[data-tile="${CSS.escape(key)}"]`);
  const chosenTile = () => tileOf(largeCell?.key ?? focused);
  const click = (tool: string) => {
    const button = chosenTile()?.querySelector<HTMLElement>(`[data-tool="${tool}"]`) ?? null;
    button?.click();
    return button !== null;
  };
  const turn = (by: 1 | -1) => {
    if (tour) {
      (by === 1 ? going.next : going.previous)();
      return true;
    }
    setQuery({ page: String(Math.min(pages, Math.max(1, page + by))) });
    return pages > 1;
  };
  const edit = query.get('edit');

  useKeys((key, event) => {
    if (edit !== null) return false;
    const tile = chosenTile();
    const zoomed = tile?.dataset.zoom !== undefined;
    // Arrows go over the tiles; with Shift, or where there is one alone, over the picture that is zoomed.
    const wish = key.startsWith('Arrow') && !event.shiftKey && !large ? null : zoomKey(key, zoomed);
    if (wish && wishZoom(tile, wish)) return true;
    if (key.startsWith('Arrow') && !large && onPage.length > 0) {
      const at = onPage.findIndex((cell) => cell.key === focused);
      const to = onPage[at < 0 ? 0 : moveFocus(at, key, columns, onPage.length, dir === 'rtl', span)];
      if (to) setFocused(to.key);
      return true;
    }
    switch (key) {
      case 'Enter':
        if (event.target instanceof Element && event.target.closest('button, a')) return false;
        return click('enlarge');
      case 'Escape':
        if (!large) return false;
        toggle(large.id);
        return true;
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':
        setQuery({ layout: String(sizes[Number(key) - 1]), page: null, camera: null, saved: null, tour: null });
        return true;
      case 'PageDown':
      case 'PageUp':
        return turn(key === 'PageDown' ? 1 : -1);
      case ' ':
        if (!tour || (event.target instanceof Element && event.target.closest('button, a'))) return false;
        going.toggle();
        return true;
      case 'a': {
        const deed = tileOf(focused)?.closest('.alarm-tile')?.querySelector<HTMLElement>('[data-acknowledge]');
        deed?.click();
        return deed !== null && deed !== undefined;
      }
      case 'w':
        document.querySelector<HTMLElement>('[data-layouts]')?.click();
        return true;
      case 'f':
        fullScreen();
        return true;
      case 's':
        return click('snapshot');
      case 'k':
        return click('pin');
      case 't':
        return click('timeline');
      case 'm':
        return click('sound');
      case 'b':
        setBoxes(!boxesShown());
        toast(t(boxesShown() ? 'analysis.boxesOn' : 'analysis.boxesOff'));
        return true;
      case 'p': {
        const pad = document.querySelector<HTMLElement>('[data-tool="ptz"]');
        pad?.focus();
        return pad !== null;
      }
      default:
        return false;
    }
  });

  if (cameras.isError && !cameras.data) {
    return (
      <Failure title={t('live.failed')} error={cameras.error}>
        <Button variant="default" onClick={() => void cameras.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  if (cameras.data && !farCameras.isPending && all.length === 0) {
    return (
      <Notice icon={<IconDeviceCctvOff size={32} />} title={t('live.none')} text={t('live.noneDo')}>
        <Button leftSection={<IconPlus size={16} />} onClick={() => go('/settings/cameras?edit=find')}>
          {t('cameras.add')}
        </Button>
      </Notice>
    );
  }

  const asked = tourId !== null ? tours : savedId !== null ? kept : null;
  if (asked?.isError && !asked.data) {
    return (
      <Failure title={t('wall.failed')} error={asked.error}>
        <Button variant="default" onClick={() => void asked.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  if (asked && (!asked.data || !kept.data || !cameras.data || farCameras.isPending)) return <RoomSkeleton />;
  if (asked && !(tourId !== null ? tour && (saved ?? single) : saved) && edit === null) {
    return (
      <Notice icon={<IconLayoutOff size={32} />} title={t('wall.gone')} text={t('wall.goneWhy')}>
        <Button variant="default" onClick={() => go(screen ? '/live?screen' : '/live')}>
          {t('wall.all')}
        </Button>
      </Notice>
    );
  }

  if (edit !== null && cameras.data) {
    return (
      <Suspense fallback={<RoomSkeleton />}>
        <h1 className="visually-hidden">{t('live.title')}</h1>
        {edit.endsWith('tour') ? (
          <TourEditor
            key={edit === 'tour' ? tour?.id : 'new'}
            before={edit === 'tour' ? tour : null}
            layouts={kept.data ?? []}
            cameras={all}
          />
        ) : (
          <LayoutEditor
            key={edit === 'layout' ? saved?.id : 'new'}
            before={edit === 'layout' ? saved : null}
            size={layout}
            tiles={asTiles(onPage)}
            cameras={all}
          />
        )}
      </Suspense>
    );
  }

  const stops = tour && (going.state.paused || going.state.held > 0);
  return (
    <div ref={room} className={screen ? 'live on-screen' : 'live'}>
      <div className="toolbar">
        <h1 className="visually-hidden">{t('live.title')}</h1>
        {large ? (
          <Button
            variant="subtle"
            color="gray"
            leftSection={<IconArrowBackUp size={16} className="flip" />}
            onClick={() => toggle(large.id)}
          >
            {t('live.reduce')}
          </Button>
        ) : (
          <>
            <LayoutMenu
              layouts={kept.data ?? []}
              tours={tours.data ?? []}
              saved={tour ? null : saved}
              tour={tour}
              far={far}
              site={saved || tour ? null : (ofSite[0]?.site ?? null)}
            />
            {!tour && !saved && !portrait && (
              <SegmentedControl
                aria-label={t('live.layout')}
                value={String(layout)}
                onChange={(value) => setQuery({ layout: value, page: null })}
                data={sizes.map((count) => ({ value: String(count), label: <SizeWords size={count} /> }))}
              />
            )}
          </>
        )}
        {tour && (
          <div className="tour" role="group" aria-label={t('wall.tour', { name: tour.name })}>
            <ActionIcon aria-label={t('wall.previous')} onClick={going.previous}>
              <IconChevronLeft size={18} className="flip" />
            </ActionIcon>
            <ActionIcon
              aria-label={t(stops ? 'wall.resume' : 'wall.pause')}
              data-tour-state={going.state.paused ? 'paused' : going.state.held > 0 ? 'held' : 'going'}
              onClick={going.toggle}
            >
              {stops ? <IconPlayerPlay size={18} className="flip" /> : <IconPlayerPause size={18} />}
            </ActionIcon>
            <ActionIcon aria-label={t('wall.next')} onClick={going.next}>
              <IconChevronRight size={18} className="flip" />
            </ActionIcon>
            <span className="tour-where" role="status">
              <bdi>{saved?.name ?? single?.name}</bdi>
              <span className="dim">
                {t('live.page', { page: format.number(going.state.at + 1), pages: format.number(tour.steps.length) })}
              </span>
              {stops && <span className="amber">{t(going.state.paused ? 'wall.paused' : 'wall.held')}</span>}
            </span>
          </div>
        )}
        <span className="grow" />
        {pages > 1 && !large && (
          <div className="pager">
            <ActionIcon
              aria-label={t('live.previousPage')}
              disabled={page === 1}
              onClick={() => setQuery({ page: String(page - 1) })}
            >
              <IconChevronLeft size={18} className="flip" />
            </ActionIcon>
            <span>{t('live.page', { page: format.number(page), pages: format.number(pages) })}</span>
            <ActionIcon
              aria-label={t('live.nextPage')}
              disabled={page === pages}
              onClick={() => setQuery({ page: String(page + 1) })}
            >
              <IconChevronRight size={18} className="flip" />
            </ActionIcon>
          </div>
        )}
        {screen && (
          <Tooltip label={t('wall.leaveScreen')}>
            <ActionIcon aria-label={t('wall.leaveScreen')} onClick={() => setQuery({ screen: null })}>
              <IconWindowMinimize size={18} />
            </ActionIcon>
          </Tooltip>
        )}
        <Tooltip label={t('live.fullScreen')}>
          <ActionIcon aria-label={t('live.fullScreen')} onClick={fullScreen}>
            <IconMaximize size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
      {/* They hear of who is at the tiles within. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <section
        className="wall"
        aria-label={saved && !tour ? saved.name : t('live.wall')}
        data-layout={large ? 1 : layout}
        data-saved={saved?.id}
        style={{
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          gridTemplateRows: rows === undefined ? undefined : `repeat(${rows}, minmax(0, 1fr))`,
        }}
        // Whoever touches it, or goes into it, looks at what is there now.
        onPointerDown={going.hold}
        onFocus={going.hold}
        onKeyDown={going.hold}
      >
        {(!cameras.data || (cameras.data.length === 0 && farCameras.isPending)) &&
          Array.from({ length: 4 }, (_, index) => <Skeleton key={index} className="tile-skeleton" />)}
        {cells.map((cell, index) => {
          const isLarge = cell.kind === 'camera' && cell === largeCell;
          const common = {
            stream:
              isLarge || (takesMain(cell) && (layout === 1 || (index === 0 && span > 1)))
                ? ('main' as const)
                : ('sub' as const),
            large: isLarge,
            hidden: large !== null && !isLarge,
            focused: focused === cell.key,
            pad: !portrait,
            scrolls,
            onFocus: setFocused,
            onToggle: toggle,
            onPin: pin,
          };
          return (
            <div
              key={cell.key}
              className="cell"
              hidden={common.hidden}
              style={index === 0 && span > 1 ? { gridColumn: `span ${span}`, gridRow: `span ${span}` } : undefined}
            >
              {cell.kind === 'camera' ? (
                <LiveTile camera={cell.camera} tile={cell.key} {...common} />
              ) : cell.kind === 'alarm' ? (
                <AlarmTile tile={cell.key} cameras={all} rest={cell.rest} seconds={cell.seconds} {...common} />
              ) : (
                <EmptyTile
                  tile={cell.key}
                  focused={common.focused}
                  hidden={common.hidden}
                  words={t('wall.emptyTile')}
                  onFocus={setFocused}
                />
              )}
            </div>
          );
        })}
      </section>
      {pinned && (
        <Suspense>
          <HoldDialog
            cameras={all}
            camera={pinned.id}
            from={pinned.from}
            to={pinned.to}
            onClose={() => setPinned(null)}
          />
        </Suspense>
      )}
      {large && portrait && large.onvif?.status?.ptz && <PtzPad key={large.id} camera={large} />}
    </div>
  );
}

/** The link to a site bears sub-streams: its main one is for the camera that somebody enlarges. */
const takesMain = (cell: Cell): boolean => cell.kind !== 'camera' || !isFar(cell.camera.id);

/** A wall on its own screen has nobody at its keys: it must not go dark. */
function useAwake(wanted: boolean) {
  useEffect(() => {
    if (!wanted || !('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | null = null;
    let over = false;
    const take = () => {
      if (document.hidden || over) return;
      navigator.wakeLock.request('screen').then(
        (taken) => {
          lock = taken;
          if (over) void taken.release();
        },
        // The machine may refuse, to save its battery.
        () => undefined,
      );
    };
    take();
    // The browser lets go of it when the tab is hidden.
    document.addEventListener('visibilitychange', take);
    return () => {
      over = true;
      document.removeEventListener('visibilitychange', take);
      void lock?.release();
    };
  }, [wanted]);
}
