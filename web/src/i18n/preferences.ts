import { createContext, use } from 'react';
import type { Language } from './languages';

export type Digits = 'latn' | 'arab';
export type Scheme = 'dark' | 'light';

export interface Preferences {
  language: Language;
  setLanguage: (language: Language) => void;
  /** Digits in Arabic text; the Maghreb writes 123, the Mashriq ١٢٣. */
  digits: Digits;
  setDigits: (digits: Digits) => void;
  scheme: Scheme;
  setScheme: (scheme: Scheme) => void;
  timeZone: string;
}

export const PreferencesContext = createContext<Preferences | null>(null);

export function usePreferences(): Preferences {
  const preferences = use(PreferencesContext);
  if (!preferences) throw new Error('PreferencesContext has no provider');
  return preferences;
}

/** Reads a kept preference; storage may be forbidden. */
export function kept(key: string): string | null {
  try {
    return localStorage.getItem(`atalaya.${key}`);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`atalaya.${key}`, value);
  } catch {
    // Storage is forbidden: the choice lasts as long as the page.
  }
}
