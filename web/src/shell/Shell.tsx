import { ActionIcon, Kbd, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import {
  IconChevronRight,
  IconKeyboard,
  IconLanguage,
  IconMoon,
  IconPlugConnectedX,
  IconRefreshDot,
  IconSearch,
  IconSun,
} from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { OpenAlarms } from '../alarms/OpenAlarms';
import { ApprovalsInBar, PurposeInBar } from '../approvals/InBar';
import { useEventsConnected } from '../api/events';
import { useNode } from '../api/queries';
import { languageNames, languages } from '../i18n/languages';
import { usePreferences } from '../i18n/preferences';
import { Me } from '../identity/Me';
import { useMay } from '../identity/session';
import { useKeys } from './keyboard';
import { areasFor, rooms } from './rooms';
import { follow, go, usePlace } from './route';
import { useToast } from './toast';
import { useNewerPage } from './updates';

const loadPalette = async () => ({ default: (await import('./Palette')).Palette });
const Palette = lazy(loadPalette);
const KeysDialog = lazy(async () => ({ default: (await import('./KeysDialog')).KeysDialog }));

/** By then the room is there. Whoever presses Ctrl-K sooner waits for it. */
const paletteAfterMs = 2000;

export function Shell({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const { path, query } = usePlace();
  const [palette, setPalette] = useState(false);
  const [keys, setKeys] = useState(false);
  const node = useNode();
  const room = rooms.find((candidate) => candidate.path === path);
  const may = useMay();
  const areas = areasFor(may);
  const area = areas.find((candidate) => candidate.rooms.some(({ path: to }) => to === path));

  useEffect(() => {
    document.title = [room ? t(room.words) : null, node.data?.name, 'Atalaya'].filter(Boolean).join(' · ');
  }, [room, node.data?.name, t]);

  useEffect(() => {
    const timer = window.setTimeout(() => void loadPalette().catch(() => undefined), paletteAfterMs);
    return () => window.clearTimeout(timer);
  }, []);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.code === 'KeyK') {
        event.preventDefault();
        setPalette(true);
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  // g, then the room's letter: single ones belong to the wall and the timeline.
  const [going, setGoing] = useState(false);
  useKeys(
    (key) => {
      if (key === '?') {
        setKeys(true);
        return true;
      }
      if (key === '/') {
        setPalette(true);
        return true;
      }
      if (key === 'g') {
        setGoing(true);
        window.setTimeout(() => setGoing(false), 1500);
        return false;
      }
      const chosen = going && areas.flatMap((each) => each.rooms).find((candidate) => candidate.key === key);
      if (!chosen) return false;
      setGoing(false);
      go(chosen.path);
      return true;
    },
    { first: true },
  );

  const dialogs = (
    <>
      <Suspense>
        {palette && <Palette opened onClose={() => setPalette(false)} onKeys={() => setKeys(true)} />}
        {keys && <KeysDialog opened onClose={() => setKeys(false)} />}
      </Suspense>
      <ToastLine />
    </>
  );
  // A window of its own for a wall: nothing around it, all keys as ever.
  if (path === '/live' && query.has('screen')) {
    return (
      <div className="screen">
        <main id="room" className="room" tabIndex={-1}>
          {children}
        </main>
        {dialogs}
      </div>
    );
  }

  return (
    <div className="shell">
      <a className="skip" href="#room">
        {t('app.skip')}
      </a>
      <header className="bar">
        <div className="bar-where">
          <a href="/live" className="bar-name" onClick={follow}>
            Atalaya
          </a>
          {node.data && (
            <>
              <IconChevronRight size={14} className="dim flip" aria-hidden />
              <span className="bar-site">
                <bdi>{node.data.name}</bdi>
              </span>
            </>
          )}
        </div>
        <UnstyledButton className="bar-search" onClick={() => setPalette(true)} title={t('search.open')}>
          <IconSearch size={16} aria-hidden />
          <span className="bar-search-text">{t('search.placeholder')}</span>
          <Kbd size="xs" dir="ltr">
            Ctrl K
          </Kbd>
        </UnstyledButton>
        <div className="bar-end">
          {may('acknowledge') && <OpenAlarms />}
          <ApprovalsInBar />
          <PurposeInBar />
          <Connection />
          <NewerPage />
          <LanguageChoice />
          <ThemeChoice />
          <Tooltip label={t('keys.title')}>
            <ActionIcon className="wide-only" aria-label={t('keys.title')} onClick={() => setKeys(true)}>
              <IconKeyboard size={18} />
            </ActionIcon>
          </Tooltip>
          <Me />
        </div>
      </header>
      <nav className="rail" aria-label={t('app.rooms')}>
        {areas.map(
          ({ words, icon: Icon, rooms: [first] }) =>
            first && (
              <a
                key={words}
                href={first.path}
                className="rail-room"
                title={t(words)}
                aria-current={words === area?.words ? 'page' : undefined}
                onClick={follow}
              >
                <Icon size={20} stroke={1.6} aria-hidden />
                <span>{t(words)}</span>
              </a>
            ),
        )}
      </nav>
      <div className="floor">
        {area && area.rooms.length > 1 && (
          <nav className="neighbours" aria-label={t(area.words)}>
            {area.rooms.map(({ path: to, words, icon: Icon }) => (
              <a
                key={to}
                href={to}
                className="neighbour"
                aria-current={to === path ? 'page' : undefined}
                onClick={follow}
              >
                <Icon size={16} stroke={1.6} aria-hidden />
                <span>{t(words)}</span>
              </a>
            ))}
          </nav>
        )}
        <main id="room" className="room" tabIndex={-1}>
          {children}
        </main>
      </div>
      {dialogs}
    </div>
  );
}

function Connection() {
  const { t } = useTranslation();
  if (useEventsConnected() !== false) return null;
  return (
    <Tooltip label={t('app.eventsLost')} multiline w={260}>
      <span className="bar-lost" role="status" aria-label={t('app.eventsLost')}>
        <IconPlugConnectedX size={18} aria-hidden />
      </span>
    </Tooltip>
  );
}

function NewerPage() {
  const { t } = useTranslation();
  if (!useNewerPage()) return null;
  return (
    <Tooltip label={t('app.newerPage')} multiline w={260}>
      <ActionIcon className="bar-newer" aria-label={t('app.newerPage')} onClick={() => location.reload()}>
        <IconRefreshDot size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

function LanguageChoice() {
  const { t } = useTranslation();
  const { language, setLanguage, digits, setDigits } = usePreferences();
  return (
    <>
      <div className="languages" role="group" aria-label={t('app.language')}>
        {languages.map((code) => (
          <button
            key={code}
            type="button"
            lang={code}
            className="language"
            aria-pressed={code === language}
            aria-label={`${languageNames[code].short} ${languageNames[code].full}`}
            title={languageNames[code].full}
            onClick={() => setLanguage(code)}
          >
            {languageNames[code].short}
          </button>
        ))}
      </div>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon
            className={language === 'ar' ? 'languages-menu shown' : 'languages-menu'}
            aria-label={t('app.language')}
          >
            <IconLanguage size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('app.language')}</Menu.Label>
          {languages.map((code) => (
            <Menu.Item key={code} lang={code} fw={code === language ? 700 : 400} onClick={() => setLanguage(code)}>
              {languageNames[code].full}
            </Menu.Item>
          ))}
          {language === 'ar' && (
            <>
              <Menu.Divider />
              <Menu.Label>{t('app.digits')}</Menu.Label>
              <Menu.Item fw={digits === 'latn' ? 700 : 400} onClick={() => setDigits('latn')}>
                123
              </Menu.Item>
              <Menu.Item fw={digits === 'arab' ? 700 : 400} onClick={() => setDigits('arab')}>
                ١٢٣
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function ThemeChoice() {
  const { t } = useTranslation();
  const { scheme, setScheme } = usePreferences();
  const label = scheme === 'dark' ? t('app.useLight') : t('app.useDark');
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={() => setScheme(scheme === 'dark' ? 'light' : 'dark')}>
        {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function ToastLine() {
  const toast = useToast();
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toast && <div className={toast.wrong ? 'toast wrong' : 'toast'}>{toast.text}</div>}
    </div>
  );
}
