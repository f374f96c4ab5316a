import { ActionIcon, Button, SegmentedControl, Skeleton, Tooltip, useDirection } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import {
  IconArrowBackUp,
  IconChevronLeft,
  IconChevronRight,
  IconDeviceCctvOff,
  IconMaximize,
  IconPlus,
} from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import { useFormat } from '../i18n/format';
import { boxesShown, setBoxes } from '../overlay/boxes';
import { useKeys } from '../shell/keyboard';
import { Failure, Notice } from '../shell/Notice';
import { go, setQuery, usePlace } from '../shell/route';
import { toast } from '../shell/toast';
import { pinAround } from '../timeline/holds';
import { columnsOf, layouts, moveFocus, readLayout, rowsOf } from './layout';
import { LiveTile } from './LiveTile';
import { PtzPad } from './PtzPad';

const HoldDialog = lazy(() => import('../holds/HoldDialog'));

export function LiveRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const { dir } = useDirection();
  const { query } = usePlace();
  const cameras = useCameras();
  const portrait = useMediaQuery('(max-width: 700px)');
  const [focused, setFocused] = useState<string | null>(null);
  const [pinned, setPinned] = useState<{ id: string; from: number; to: number } | null>(null);
  const room = useRef<HTMLDivElement>(null);

  const all = cameras.data ?? [];
  const layout = readLayout(query.get('layout'), all.length);
  const pages = Math.max(1, Math.ceil(all.length / layout));
  const page = Math.min(pages, Math.max(1, Number(query.get('page')) || 1));
  const large = all.find((camera) => camera.id === query.get('camera')) ?? null;
  const onPage = all.slice((page - 1) * layout, page * layout);
  // The enlarged camera is shown whatever page it is on.
  const tiles = large && !onPage.includes(large) ? [...onPage, large] : onPage;
  const columns = large ? 1 : columnsOf(layout, portrait);
  const rows = large ? 1 : portrait ? undefined : rowsOf(columns, pages === 1 ? onPage.length : layout);

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
  const click = (tool: string) => {
    const id = large?.id ?? focused;
    const button =
      id === null
        ? null
        : document.querySelector<HTMLElement>(`[data-camera="${CSS.escape(id)}"] [data-tool="${tool}"]`);
    button?.click();
    return button !== null;
  };

  useKeys((key, event) => {
    const at = tiles.findIndex((camera) => camera.id === focused);
    if (key.startsWith('Arrow') && !large && tiles.length > 0) {
      const to = tiles[at < 0 ? 0 : moveFocus(at, key, columns, onPage.length, dir === 'rtl')];
      if (to) setFocused(to.id);
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
        setQuery({ layout: String(layouts[Number(key) - 1]), page: null, camera: null });
        return true;
      case 'PageDown':
      case 'PageUp':
        setQuery({ page: String(Math.min(pages, Math.max(1, page + (key === 'PageDown' ? 1 : -1)))) });
        return pages > 1;
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
  if (cameras.data && all.length === 0) {
    return (
      <Notice icon={<IconDeviceCctvOff size={32} />} title={t('live.none')} text={t('live.noneDo')}>
        <Button leftSection={<IconPlus size={16} />} onClick={() => go('/settings/cameras?edit=find')}>
          {t('cameras.add')}
        </Button>
      </Notice>
    );
  }

  return (
    <div ref={room} className="live">
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
          <SegmentedControl
            aria-label={t('live.layout')}
            value={String(layout)}
            onChange={(value) => setQuery({ layout: value, page: null })}
            data={layouts.map((count) => ({
              value: String(count),
              label: <span aria-label={t('live.tiles', { count })}>{format.number(count)}</span>,
            }))}
          />
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
        <Tooltip label={t('live.fullScreen')}>
          <ActionIcon aria-label={t('live.fullScreen')} onClick={fullScreen}>
            <IconMaximize size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
      <section
        className="wall"
        aria-label={t('live.wall')}
        data-layout={large ? 1 : layout}
        style={{
          gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          gridTemplateRows: rows === undefined ? undefined : `repeat(${rows}, minmax(0, 1fr))`,
        }}
      >
        {!cameras.data && Array.from({ length: 4 }, (_, index) => <Skeleton key={index} className="tile-skeleton" />)}
        {tiles.map((camera) => (
          <LiveTile
            key={camera.id}
            camera={camera}
            stream={large || layout === 1 ? 'main' : 'sub'}
            large={large?.id === camera.id}
            hidden={large !== null && large.id !== camera.id}
            focused={focused === camera.id}
            pad={!portrait}
            onFocus={setFocused}
            onToggle={toggle}
            onPin={pin}
          />
        ))}
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
