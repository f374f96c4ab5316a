import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type en from './en.json';
import type { Language } from './languages';
import type partners from './partners/en.json';

// Keys as they are written, 'app.live': some seven hundred nested ones are more than the compiler looks through at every call.
type Paths<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string];

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    keySeparator: false;
    resources: { translation: Record<Paths<typeof en> | Paths<typeof partners>, string> };
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

// Words of rooms that few open come with them.
const parts = {
  partners: {
    en: () => import('./partners/en.json'),
    es: () => import('./partners/es.json'),
    fr: () => import('./partners/fr.json'),
    ar: () => import('./partners/ar.json'),
  },
} satisfies Record<string, Record<Language, () => Promise<{ default: unknown }>>>;
type Part = keyof typeof parts;
const opened = new Set<Part>();

async function addPart(part: Part, language: Language): Promise<void> {
  i18next.addResourceBundle(language, 'translation', (await parts[part][language]()).default, true);
}

/** For `lazy`: a room together with its words in the page's language. */
export async function withWords<T>(part: Part, room: Promise<T>): Promise<T> {
  if (!opened.has(part)) {
    await addPart(part, i18next.language as Language);
    opened.add(part);
  }
  return room;
}

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
  await Promise.all([...opened].map((part) => addPart(part, language)));
  await i18next.changeLanguage(language);
}
