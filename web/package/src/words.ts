import type { FaultCode, Verdict } from './check/check';
import type { CameraVerdict } from './signed';
import ar from './words/ar';
import en from './words/en';
import es from './words/es';
import fr from './words/fr';

export const languages = ['es', 'fr', 'ar', 'en'] as const;
export type Language = (typeof languages)[number];

/** What a language calls itself, where one chooses. */
export const languageNames: Record<Language, string> = { es: 'Español', fr: 'Français', ar: 'العربية', en: 'English' };

/** Words with {places}. */
export interface Words {
  title: string;
  language: string;
  clock: string;
  clockUtc: string;
  clockLocal: string;
  cameras: string;
  main: string;
  sub: string;
  play: string;
  pause: string;
  speed: string;
  sound: string;
  noSound: string;
  fullScreen: string;
  timeline: string;
  noFootage: string;
  noFootageHere: string;
  skipped: string;
  cantPlay: string;
  cantPlayHow: string;
  needsClick: string;
  keys: string;
  keyWords: [string, string][];

  check: string;
  notChecked: string;
  notCheckedOwn: string;
  choose: string;
  chooseOther: string;
  drop: string;
  stays: string;
  running: string;
  failed: string;
  encrypted: string;
  verdicts: Record<Verdict, { title: string; text: string }>;
  faults: Record<FaultCode, string>;
  between: string;
  allFaults: string;
  more: string;
  summary: string;
  signedBy: string;
  signerKnown: string;
  signerUnknown: string;
  key: string;
  keyCompare: string;
  keyPaste: string;
  keyPasteHint: string;
  keyBad: string;
  keyOther: string;
  keySpent: string;
  keyChanges: string;
  witnesses: string;
  witnessKnown: string;
  witnessUnknown: string;
  noWitness: string;
  cantProve: string;
  cantProveText: string;
  otherTools: string;
  timestampThere: string;
  timestampNone: string;
  cmsText: string;
  sumsText: string;

  about: string;
  organisation: string;
  site: string;
  purpose: string;
  reference: string;
  createdBy: string;
  created: string;
  agreedBy: string;
  incident: string;
  recipient: string;
  legalBasis: string;
  number: string;
  purposes: Record<string, string>;
  gaps: string;
  noGaps: string;
  gapSealed: string;
  gapNotSealed: string;
  causes: Record<string, string>;
  custody: string;
  steps: Record<string, string>;
  by: string;
  cameraSigned: string;
  cameraSignedText: string;
  cameraSignedNone: string;
  cameraVerdicts: Record<CameraVerdict, string>;
  derived: string;
  derivedText: string;
  derivedWhy: Record<string, string>;
  derivedFrom: string;
}

export const words: Record<Language, Words> = { en, es, fr, ar };

/** Puts values into the places of a text. Each keeps its own direction. */
export const fill = (text: string, values: Record<string, string | number>): string =>
  text.replace(/\{(\w+)\}/g, (place, name: string) => (name in values ? `\u2068${values[name] ?? ''}\u2069` : place));

/** A gap's cause; the log writes them with a capital. */
export const causeOf = (w: Words, cause: string): string => w.causes[cause.toLowerCase()] ?? cause;

export const isLanguage = (text: string | undefined): text is Language =>
  languages.some((language) => language === text);
