import { useEffect, useMemo, useState } from 'react';
import { makeFormat } from '../../src/i18n/format';
import { CheckPanel } from './CheckPanel';
import { Facts } from './Facts';
import { ReaderContext, type Reader } from './reader';
import { Axis, rowsOf } from './rows';
import { Stage } from './Stage';
import { usePackage } from './usePackage';
import { isLanguage, languageNames, languages, words, type Language } from './words';

type Clock = 'utc' | 'local';

const languageOfBrowser = (): Language =>
  navigator.languages.map((tag) => tag.split('-')[0]).find((tag) => isLanguage(tag)) ?? 'en';

export function Viewer() {
  const { facts, check, open, urlOf } = usePackage();
  const [chosen, setChosen] = useState<Language | null>(null);
  const [clock, setClock] = useState<Clock>('utc');
  const language = chosen ?? (isLanguage(facts?.language) ? facts.language : languageOfBrowser());
  const w = words[language];
  const zone = clock === 'local' ? Intl.DateTimeFormat().resolvedOptions().timeZone : 'UTC';

  const reader = useMemo<Reader>(() => {
    const format = makeFormat(language === 'ar' ? 'ar-u-nu-latn' : language, zone);
    return { w, format, zone };
  }, [language, w, zone]);

  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
    document.title = facts ? `${facts.title} · ${w.title}` : `${w.title} · Atalaya`;
  }, [language, facts, w]);

  // Anywhere on the page: a file that misses a small field would be opened by the browser instead.
  useEffect(() => {
    const over = (event: DragEvent) => event.preventDefault();
    const drop = (event: DragEvent) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) open(file);
    };
    addEventListener('dragover', over);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('drop', drop);
    };
  }, [open]);

  const shown = useMemo(() => {
    if (!facts) return null;
    const rows = rowsOf(facts);
    return { rows, axis: Axis.of(rows, facts.stretches) };
  }, [facts]);

  return (
    <ReaderContext value={reader}>
      <header className="bar">
        <div className="bar-title">
          <h1>
            <bdi>{facts?.title ?? w.title}</bdi>
          </h1>
          {facts && (
            <p className="dim">
              <bdi>{[...new Set([facts.organisation, facts.site])].filter(Boolean).join(' · ')}</bdi>
            </p>
          )}
        </div>
        {facts && (
          <label className="choice">
            <span>{w.clock}</span>
            <select value={clock} onChange={(event) => setClock(event.currentTarget.value as Clock)}>
              <option value="utc">{w.clockUtc}</option>
              <option value="local">
                {w.clockLocal} ({Intl.DateTimeFormat().resolvedOptions().timeZone})
              </option>
            </select>
          </label>
        )}
        <div role="group" aria-label={w.language} className="languages">
          {languages.map((each) => (
            <button
              key={each}
              type="button"
              lang={each}
              aria-pressed={each === language}
              onClick={() => setChosen(each)}
            >
              {languageNames[each]}
            </button>
          ))}
        </div>
      </header>
      <main>
        <CheckPanel check={check} facts={facts} onOpen={open} />
        {facts && shown && shown.rows.length > 0 && (
          // Another source of the same footage is another stage.
          <Stage key={`${facts.id} ${check.state === 'done'}`} rows={shown.rows} axis={shown.axis} urlOf={urlOf} />
        )}
        {facts && <Facts facts={facts} isChecked={check.state === 'done'} />}
      </main>
    </ReaderContext>
  );
}
