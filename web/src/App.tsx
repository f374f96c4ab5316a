import { DirectionProvider, MantineProvider, useDirection, useMantineColorScheme } from '@mantine/core';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { useNode } from './api/queries';
import { changeLanguage, withWords } from './i18n';
import { directionOf, type Language } from './i18n/languages';
import { keep, kept, PreferencesContext, type Digits, type Preferences, type Scheme } from './i18n/preferences';
import { Entry } from './identity/Entry';
import { useMay } from './identity/session';
import { LiveRoom } from './live/LiveRoom';
import { ErrorBoundary } from './shell/ErrorBoundary';
import { NotFound, RoomSkeleton } from './shell/Notice';
import { areasFor } from './shell/rooms';
import { go, usePlace } from './shell/route';
import { Shell } from './shell/Shell';
import { theme } from './theme';

const SituationRoom = lazy(() => import('./situation/SituationRoom'));
const IncidentsRoom = lazy(() => import('./incidents/IncidentsRoom'));
const HandOverRoom = lazy(() => import('./incidents/HandOverRoom'));
const TimelineRoom = lazy(() => import('./timeline/TimelineRoom'));
const CamerasRoom = lazy(() => import('./cameras/CamerasRoom'));
const AlarmSettingsRoom = lazy(() => import('./alarms/settings/AlarmSettingsRoom'));
const NotificationsRoom = lazy(() => import('./notifications/NotificationsRoom'));
const MasksRoom = lazy(() => import('./masks/MasksRoom'));
const RulesRoom = lazy(() => import('./rules/RulesRoom'));
const HoldsRoom = lazy(() => import('./holds/HoldsRoom'));
const AccountRoom = lazy(() => import('./identity/AccountRoom'));
const PeopleRoom = lazy(() => import('./people/PeopleRoom'));
const AccessesRoom = lazy(() => import('./oversight/AccessesRoom'));
const OversightRoom = lazy(() => import('./oversight/OversightRoom'));
const RecordsRoom = lazy(() => import('./oversight/RecordsRoom'));
const LogRoom = lazy(() => import('./oversight/LogRoom'));
const StorageRoom = lazy(() => import('./storage/StorageRoom'));
const ConfigurationRoom = lazy(() => import('./configuration/ConfigurationRoom'));
const HealthRoom = lazy(() => import('./health/HealthRoom'));
const EvidenceRoom = lazy(() => import('./evidence/EvidenceRoom'));
const GrantsRoom = lazy(() => withWords('partners', import('./partners/grants/GrantsRoom')));
const LinksRoom = lazy(() => import('./partners/links/LinksRoom'));
const AgreementsRoom = lazy(() => withWords('partners', import('./partners/agreements/AgreementsRoom')));
const RequestsRoom = lazy(() => withWords('partners', import('./partners/requests/RequestsRoom')));
const OperationsRoom = lazy(() => withWords('partners', import('./partners/operations/OperationsRoom')));
const EvaluationRoom = lazy(() => withWords('partners', import('./partners/evaluation/EvaluationRoom')));
const ReleasesRoom = lazy(() => import('./releases/ReleasesRoom'));
const RedactionRooms = lazy(() => import('./redaction/RedactionRooms'));
const SitesRoom = lazy(() => import('./sites/SitesRoom'));
const TemplatesRoom = lazy(() => withWords('partners', import('./sites/TemplatesRoom')));
const ExportsRoom = lazy(() => import('./exports/ExportsRoom'));

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
  switch (path === '/' ? home : path) {
    case '/live':
      return <LiveRoom />;
    case '/situation':
      return <SituationRoom />;
    case '/sites':
      return <SitesRoom />;
    case '/sites/templates':
      return <TemplatesRoom />;
    case '/incidents':
      return <IncidentsRoom />;
    case '/handover':
      return <HandOverRoom />;
    case '/timeline':
      return <TimelineRoom />;
    case '/evidence':
      return <EvidenceRoom />;
    case '/disclosures':
      return <ReleasesRoom />;
    case '/exports':
      return <ExportsRoom />;
    case '/settings/rules':
      return <RulesRoom />;
    case '/settings/masks':
      return <MasksRoom />;
    case '/settings/notifications':
      return <NotificationsRoom />;
    case '/settings/alarms':
      return <AlarmSettingsRoom />;
    case '/holds':
      return <HoldsRoom />;
    case '/partners/grants':
      return <GrantsRoom />;
    case '/partners':
      return <LinksRoom />;
    case '/partners/agreements':
      return <AgreementsRoom />;
    case '/partners/requests':
      return <RequestsRoom />;
    case '/partners/operations':
      return <OperationsRoom />;
    case '/partners/evaluation':
      return <EvaluationRoom />;
    case '/oversight':
      return <OversightRoom />;
    case '/oversight/accesses':
      return <AccessesRoom />;
    case '/oversight/records':
      return <RecordsRoom />;
    case '/oversight/log':
      return <LogRoom />;
    case '/account':
      return <AccountRoom />;
    case '/settings/people':
      return <PeopleRoom />;
    case '/settings/storage':
      return <StorageRoom />;
    case '/settings/configuration':
      return <ConfigurationRoom />;
    case '/settings/health':
      return <HealthRoom />;
    case '/settings/cameras':
      return <CamerasRoom />;
    default:
      return <NotFound />;
  }
}
