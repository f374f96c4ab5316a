import type { TFunction } from 'i18next';

import type { Retention } from '../api/types';
import type { Format } from '../i18n/format';
import { day } from '../timeline/TimeScale';

type Translate = TFunction;

/** Limits in words: days, bytes, both, or none. */
export function limitWords(t: Translate, format: Format, { days, bytes }: Retention): string {
  const words = [];
  if (days !== null) words.push(format.about(days * day));
  if (bytes !== null) words.push(format.bytes(bytes));
  return words.length === 0 ? t('storage.noLimit') : words.join(t('storage.or'));
}
