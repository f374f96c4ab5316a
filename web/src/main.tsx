import './mantine.css';
import '@fontsource-variable/noto-sans-arabic/wght.css';
import './styles.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followEvents } from './api/events';
import { Problem } from './api/problem';
import { App } from './App';
import { startI18n } from './i18n';
import { chooseLanguage } from './i18n/languages';
import { kept } from './i18n/preferences';
import { applyTheme } from './theme';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // An answer that says "no" won't change by asking again; silence may.
      retry: (count, error) => count < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
    },
  },
});

applyTheme();
const language = chooseLanguage(kept('language'), navigator.languages);
await startI18n(language);

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
void followEvents(client);
