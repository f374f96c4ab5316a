import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useNode } from '../api/queries';
import { languageNames, languages } from '../i18n/languages';
import { usePreferences } from '../i18n/preferences';
import './identity.css';

/** What stands before the page: whose it is, one thing to do, and a language to do it in. */
export function Doorway({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  const node = useNode();
  const { language, setLanguage } = usePreferences();
  return (
    <main className="doorway">
      <title>{['Atalaya', node.data?.name, title].filter(Boolean).join(' · ')}</title>
      <div className="doorway-card">
        <p className="doorway-name">
          Atalaya
          {node.data && (
            <span className="dim">
              <bdi>{node.data.name}</bdi>
            </span>
          )}
        </p>
        <h1>{title}</h1>
        {children}
      </div>
      <div className="doorway-languages" role="group" aria-label={t('app.language')}>
        {languages.map((code) => (
          <button
            key={code}
            type="button"
            lang={code}
            className="language"
            aria-pressed={code === language}
            onClick={() => setLanguage(code)}
          >
            {languageNames[code].full}
          </button>
        ))}
      </div>
    </main>
  );
}
