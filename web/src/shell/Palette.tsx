import { Modal } from '@mantine/core';
import { IconArrowRight, IconDeviceCctv, IconSearch } from '@tabler/icons-react';
import { useId, useMemo, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCameras } from '../api/queries';
import { useMay } from '../identity/session';
import { languageNames, languages } from '../i18n/languages';
import { usePreferences } from '../i18n/preferences';
import { useLayouts, useTours } from '../live/kept';
import { layouts } from '../live/layout';
import { areasFor } from './rooms';
import { go } from './route';

interface Entry {
  id: string;
  group: 'cameras' | 'commands';
  text: string;
  /** Found by these words as well. */
  also: string;
  icon: ReactNode;
  run: () => void;
}

/** Letters without their accents, so that "camara" finds "cámara" and Arabic is found with or without vowel marks. */
export const plain = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[أإآ]/g, 'ا').toLowerCase();

interface Props {
  opened: boolean;
  onClose: () => void;
  onKeys: () => void;
}

export function Palette(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal.Root opened={props.opened} onClose={props.onClose} size={560} yOffset="10vh" lockScroll={false}>
      <Modal.Overlay backgroundOpacity={0.6} />
      <Modal.Content aria-label={t('search.open')}>
        <Modal.Body p={0}>
          <Search {...props} />
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

function Search({ onClose, onKeys }: Props) {
  const { t } = useTranslation();
  const { setLanguage, scheme, setScheme } = usePreferences();
  const cameras = useCameras();
  const may = useMay();
  const walls = useLayouts(may('viewLive'));
  const tours = useTours(may('viewLive'));
  const list = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);

  const entries = useMemo(() => {
    const icon = <IconArrowRight size={16} className="flip" />;
    const command = (id: string, words: string, run: () => void, also = ''): Entry => ({
      id,
      group: 'commands',
      text: words,
      also,
      icon,
      run,
    });
    const all: Entry[] = [];
    for (const camera of cameras.data ?? []) {
      const query = encodeURIComponent(camera.id);
      const of = (id: string, words: string, to: string): Entry => ({
        id: `${id}-${camera.id}`,
        group: 'cameras',
        text: words,
        also: camera.id,
        icon: <IconDeviceCctv size={16} />,
        run: () => go(to),
      });
      all.push(of('live', t('search.liveOf', { camera: camera.name }), `/live?camera=${query}`));
      all.push(of('timeline', t('search.timelineOf', { camera: camera.name }), `/timeline?camera=${query}`));
    }
    all.push(
      ...areasFor(may)
        .flatMap((area) => area.rooms)
        .map(({ path, words }) => command(path, t(words), () => go(path))),
      command('add', t('search.addCamera'), () => go('/settings/cameras?edit=find')),
      ...(walls.data ?? []).map(({ id, name }) =>
        command(`wall-${id}`, t('wall.open', { name }), () => go(`/live?saved=${id}`)),
      ),
      ...(tours.data ?? []).map(({ id, name }) =>
        command(`tour-${id}`, t('wall.tour', { name }), () => go(`/live?tour=${id}`)),
      ),
      ...(may('viewLive')
        ? [
            command('new-layout', t('wall.newLayout'), () => go('/live?edit=new-layout')),
            command('new-tour', t('wall.newTour'), () => go('/live?edit=new-tour')),
          ]
        : []),
      ...layouts.map((count) =>
        command(`layout-${count}`, t('search.layout', { tiles: t('live.tiles', { count }) }), () =>
          go(`/live?layout=${count}`),
        ),
      ),
      command('theme', scheme === 'dark' ? t('app.useLight') : t('app.useDark'), () =>
        setScheme(scheme === 'dark' ? 'light' : 'dark'),
      ),
      ...languages.map((code) =>
        command(`language-${code}`, languageNames[code].full, () => setLanguage(code), t('app.language')),
      ),
      command('keys', t('search.shortcuts'), onKeys),
    );
    return all;
  }, [cameras.data, walls.data, tours.data, may, t, scheme, setScheme, setLanguage, onKeys]);

  const found = useMemo(() => {
    const words = plain(text).split(/\s+/).filter(Boolean);
    return entries
      .filter((entry) => {
        const hay = plain(`${entry.text} ${entry.also}`);
        return words.every((word) => hay.includes(word));
      })
      .slice(0, 40);
  }, [entries, text]);

  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    entry.run();
  };

  const onKey = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move !== undefined && found.length > 0) {
      event.preventDefault();
      const next = (at + move + found.length) % found.length;
      setAt(next);
      document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[at]);
    }
  };

  return (
    <div className="palette">
      <div className="palette-field">
        <IconSearch size={18} aria-hidden />
        <input
          data-autofocus
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={found.length > 0 ? `${list}-${at}` : undefined}
          aria-label={t('search.placeholder')}
          placeholder={t('search.placeholder')}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKey}
        />
      </div>
      <div id={list} role="listbox" aria-label={t('search.results')} className="palette-list">
        {found.map((entry, index) => (
          // Keys are handled by the field, which keeps the focus; the list only shows which entry is meant.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={entry.id}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className="palette-entry"
            onMouseMove={() => setAt(index)}
            onClick={() => run(entry)}
          >
            {entry.icon}
            <span>{entry.text}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="palette-none">{t('search.none', { text })}</p>}
    </div>
  );
}
