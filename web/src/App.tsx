import { DirectionProvider, MantineProvider, useDirection, useMantineColorScheme } from '@mantine/core';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState, type ComponentType } from 'react';
import { useNode } from './api/queries';
import { changeLanguage, withWords } from './i18n';
import { directionOf, type Language } from './i18n/languages';
import { keep, kept, PreferencesContext, type Digits, type Preferences, type Scheme } from './i18n/preferences';
import { Entry } from './identity/Entry';
import { useMay } from './identity/session';
import { ErrorBoundary } from './shell/ErrorBoundary';
import { NotFound, RoomSkeleton } from './shell/Notice';
import { areasFor } from './shell/rooms';
import { go, usePlace } from './shell/route';
import { Shell } from './shell/Shell';
import { theme } from './theme';

// By address; each loads with its words when it is opened.
const loaders: Record<string, () => Promise<{ default: ComponentType }>> = {
  '/live': () => import('./live/LiveRoom'),
  '/situation': () => import('./situation/SituationRoom'),
  '/sites': () => import('./sites/SitesRoom'),
  '/sites/templates': () => withWords('partners', import('./sites/TemplatesRoom')),
  '/incidents': () => import('./incidents/IncidentsRoom'),
  '/handover': () => import('./incidents/HandOverRoom'),
  '/timeline': () => import('./timeline/TimelineRoom'),
  '/evidence': () => import('./evidence/EvidenceRoom'),
  '/disclosures': () => import('./releases/ReleasesRoom'),
  '/exports': () => import('./exports/ExportsRoom'),
  '/settings/rules': () => import('./rules/RulesRoom'),
  '/settings/masks': () => import('./masks/MasksRoom'),
  '/settings/notifications': () => import('./notifications/NotificationsRoom'),
  '/settings/alarms': () => import('./alarms/settings/AlarmSettingsRoom'),
  '/holds': () => import('./holds/HoldsRoom'),
  '/partners/grants': () => withWords('partners', import('./partners/grants/GrantsRoom')),
  '/partners': () => import('./partners/links/LinksRoom'),
  '/partners/agreements': () => withWords('partners', import('./partners/agreements/AgreementsRoom')),
  '/partners/requests': () => withWords('partners', import('./partners/requests/RequestsRoom')),
  '/partners/operations': () => withWords('partners', import('./partners/operations/OperationsRoom')),
  '/partners/evaluation': () => withWords('partners', import('./partners/evaluation/EvaluationRoom')),
  '/oversight': () => import('./oversight/OversightRoom'),
  '/oversight/accesses': () => import('./oversight/AccessesRoom'),
  '/oversight/records': () => import('./oversight/RecordsRoom'),
  '/oversight/log': () => import('./oversight/LogRoom'),
  '/account': () => import('./identity/AccountRoom'),
  '/settings/people': () => import('./people/PeopleRoom'),
  '/settings/storage': () => import('./storage/StorageRoom'),
  '/settings/configuration': () => import('./configuration/ConfigurationRoom'),
  '/settings/health': () => import('./health/HealthRoom'),
  '/settings/cameras': () => import('./cameras/CamerasRoom'),
};
const shown = Object.fromEntries(Object.entries(loaders).map(([path, load]) => [path, lazy(load)]));
const RedactionRooms = lazy(() => import('./redaction/RedactionRooms'));

/** Begins to load a room while it isn't known yet who asks for it: the two take as long as the longer. */
export const beginRoom = (path: string): void => void loaders[path]?.().catch(() => undefined);

// The scheme is kept under our own key, where preferences.js finds it before the first paint.
const schemeStore = {
  get: (): Scheme => (kept('scheme') === 'light' ? 'light' : 'dark'),
  set: (scheme: string) => keep('scheme', scheme),
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => undefined,
};

export function App({ initialLanguage }: { initialLanguage: Language }) {
  return (
    <DirectionProvider initialDirection={directionOf(initialLanguage)} detectDirection={false}>
      <MantineProvider
        theme={theme}
        defaultColorScheme="dark"
        colorSchemeManager={schemeStore}
        // Both would write <style> elements, which the content security policy forbids: see applyTheme.
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <WithPreferences initialLanguage={initialLanguage} />
      </MantineProvider>
    </DirectionProvider>
  );
}

function WithPreferences({ initialLanguage }: { initialLanguage: Language }) {
  const { setDirection } = useDirection();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [language, setLanguage] = useState(initialLanguage);
  const [digits, setDigits] = useState<Digits>(kept('digits') === 'arab' ? 'arab' : 'latn');
  const node = useNode();

  useEffect(() => {
    document.documentElement.lang = language;
    document.querySelector('link[rel=manifest]')?.setAttribute('href', `/manifest.${language}.webmanifest`);
    setDirection(directionOf(language));
  }, [language, setDirection]);

  const choose = useCallback((next: Language) => {
    keep('language', next);
    void changeLanguage(next).then(() => setLanguage(next));
  }, []);

  const timeZone = node.data?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const preferences = useMemo<Preferences>(
    () => ({
      language,
      setLanguage: choose,
      digits,
      setDigits: (next) => {
        keep('digits', next);
        setDigits(next);
      },
      scheme: colorScheme === 'light' ? 'light' : 'dark',
      setScheme: setColorScheme,
      timeZone,
    }),
    [language, choose, digits, colorScheme, setColorScheme, timeZone],
  );

  return (
    <PreferencesContext value={preferences}>
      <ErrorBoundary>
        <Entry>
          <Shell>
            <Suspense fallback={<RoomSkeleton />}>
              <Room />
            </Suspense>
          </Shell>
        </Entry>
      </ErrorBoundary>
    </PreferencesContext>
  );
}

function Room() {
  const { path } = usePlace();
  const may = useMay();
  const home = areasFor(may)[0]?.rooms[0]?.path ?? '/account';
  useEffect(() => {
    if (path === '/') go(home, { replace: true });
  }, [path, home]);
  if (path === '/redact' || path.startsWith('/redact/')) return <RedactionRooms id={path.slice('/redact/'.length)} />;
  const Chosen = shown[path === '/' ? home : path];
  return Chosen ? <Chosen /> : <NotFound />;
}
