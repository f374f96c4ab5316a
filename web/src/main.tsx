import './mantine.css';
import '@fontsource-variable/noto-sans-arabic/wght.css';
import './styles.css';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/problem';
import { App, beginRoom } from './App';
import { sessionKey } from './identity/session';
import { startI18n } from './i18n';
import { chooseLanguage } from './i18n/languages';
import { kept } from './i18n/preferences';
import { keepAwayPage } from './shell/updates';
import { applyTheme } from './theme';

// Signed out elsewhere, or idle too long: the session is asked for, and the page shows the way in.
function onError(error: unknown) {
  if (error instanceof Problem && error.status === 401) void client.invalidateQueries({ queryKey: sessionKey });
}

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // An answer that says "no" won't change by asking again; silence may.
      retry: (count, error) => count < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
    },
  },
});

applyTheme();
keepAwayPage();
const language = chooseLanguage(kept('language'), navigator.languages);
await startI18n(language);
beginRoom(location.pathname);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <App initialLanguage={language} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
