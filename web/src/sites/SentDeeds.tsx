import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { useSentDeeds } from './sites';

/** What was asked of a site about a case: done, refused, or on its way. */
export function SentDeeds({ site, subject }: { site: string; subject: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const deeds = useSentDeeds(site, subject);
  if (!deeds.data || deeds.data.length === 0) return null;
  return (
    <ul className="sent-deeds" role="status">
      {deeds.data.slice(0, 3).map(({ id, by, at, answeredAt, refusal }) => (
        <li key={id} className={refusal !== null ? 'amber' : 'dim'}>
          <time dateTime={at}>{format.time(Date.parse(at))}</time> <bdi>{by}</bdi>:{' '}
          {refusal !== null ? <bdi>{refusal}</bdi> : t(answeredAt === null ? 'sites.sent' : 'sites.done')}
        </li>
      ))}
    </ul>
  );
}
