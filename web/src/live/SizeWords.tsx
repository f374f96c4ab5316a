import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { largeSpan, type Layout } from './layout';

/** The number of tiles as a segment says it: "1+5" where one is large. */
export function SizeWords({ size }: { size: Layout }) {
  const { t } = useTranslation();
  const format = useFormat();
  return largeSpan(size) > 1 ? (
    <span aria-label={t('wall.mixed', { count: size - 1 })}>
      <bdi dir="ltr">{`${format.number(1)}+${format.number(size - 1)}`}</bdi>
    </span>
  ) : (
    <span aria-label={t('live.tiles', { count: size })}>{format.number(size)}</span>
  );
}
