export const languages = ['es', 'fr', 'ar', 'en'] as const;
export type Language = (typeof languages)[number];

/** Each language in its own words: a reader finds their own even on a page they can't read. */
export const languageNames: Record<Language, { short: string; full: string }> = {
  es: { short: 'es', full: 'Español' },
  fr: { short: 'fr', full: 'Français' },
  ar: { short: 'ع', full: 'العربية' },
  en: { short: 'en', full: 'English' },
};

export const isLanguage = (value: string | null): value is Language =>
  value !== null && (languages as readonly string[]).includes(value);

/** The reader's language: kept choice, then the browser's list, then English. */
export function chooseLanguage(kept: string | null, preferred: readonly string[]): Language {
  if (isLanguage(kept)) return kept;
  for (const tag of preferred) {
    const base = tag.toLowerCase().split('-')[0] ?? '';
    if (isLanguage(base)) return base;
  }
  return 'en';
}

export const directionOf = (language: Language): 'rtl' | 'ltr' => (language === 'ar' ? 'rtl' : 'ltr');
