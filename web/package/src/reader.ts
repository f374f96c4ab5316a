import { createContext, use } from 'react';
import { makeFormat, type Format } from '../../src/i18n/format';
import { words, type Words } from './words';

/** Who reads: their words, and how they write times and numbers. */
export interface Reader {
  w: Words;
  format: Format;
  /** IANA name of the clock chosen. */
  zone: string;
}

export const ReaderContext = createContext<Reader>({ w: words.en, format: makeFormat('en', 'UTC'), zone: 'UTC' });

export const useReader = (): Reader => use(ReaderContext);

/** Microseconds since 1970, as packages have times, to milliseconds. */
export const ms = (time: number): number => Math.floor(time / 1000);
