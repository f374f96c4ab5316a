import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type en from './en.json';
import type { Language } from './languages';

// Keys as they are written, 'app.live': some seven hundred nested ones are more than the compiler looks through at every call.
type Paths<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string];

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    keySeparator: false;
    resources: { translation: Record<Paths<typeof en>, string> };
  }
}

type Words = typeof en;

// One chunk a language: a post loads the words it reads.
const load: Record<Language, () => Promise<{ default: unknown }>> = {
  en: () => import('./en.json'),
  es: () => import('./es.json'),
  fr: () => import('./fr.json'),
  ar: () => import('./ar.json'),
};

export async function startI18n(language: Language): Promise<void> {
  const words = (await load[language]()).default as Words;
  await i18next.use(initReactI18next).init({
    lng: language,
    // No fallback: a missing word fails the test instead of showing up in another language.
    fallbackLng: false,
    resources: { [language]: { translation: words } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}

export async function changeLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', (await load[language]()).default);
  }
  await i18next.changeLanguage(language);
}
