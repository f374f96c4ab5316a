import { Badge, Button, Skeleton } from '@mantine/core';
import { IconFileText } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { useMay } from '../../identity/session';
import { Failure, Notice } from '../../shell/Notice';
import { follow, setQuery, usePlace } from '../../shell/route';
import { AgreementView } from './AgreementView';
import './agreements.css';
import { nameOf, useAgreements, whichOf, type Agreement } from './agreements';

const DraftDialog = lazy(() => import('./DraftDialog'));

export const colours = {
  draft: 'gray',
  offered: 'blue',
  received: 'orange',
  binding: 'blue',
  inForce: 'green',
  ended: 'gray',
} as const;

/** What was agreed with partner organisations: every version, what it says, and what it would allow. */
export default function AgreementsRoom() {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const { query } = usePlace();
  const agreements = useAgreements(i18n.language.slice(0, 2));
  const chosen = whichOf(query.get('agreement'));

  if (agreements.isError && !agreements.data) {
    return (
      <Failure title={t('agreements.failed')} error={agreements.error}>
        <Button variant="default" onClick={() => void agreements.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  return (
    <div className="page">
      {chosen === null ? (
        <>
          <div className="page-head">
            <h1>{t('agreements.title')}</h1>
            <span className="grow" />
            {may('manageLinks') && (
              <Button leftSection={<IconFileText size={16} />} onClick={() => setQuery({ draft: '' })}>
                {t('agreements.draft')}
              </Button>
            )}
          </div>
          <p className="dim agreement-about">{t('agreements.about')}</p>
          {!agreements.data && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={52} mb={8} />)}
          {agreements.data?.length === 0 && (
            <Notice icon={<IconFileText size={32} />} title={t('agreements.none')} text={t('agreements.noneDo')} />
          )}
          {agreements.data && agreements.data.length > 0 && <List agreements={agreements.data} />}
        </>
      ) : (
        <AgreementView key={nameOf(chosen)} which={chosen} />
      )}
      {query.get('draft') !== null && may('manageLinks') && (
        <Suspense>
          <DraftDialog
            from={whichOf(query.get('draft'))}
            onClose={(made) => setQuery({ draft: null, ...(made && { agreement: nameOf(made) }) }, { replace: !made })}
          />
        </Suspense>
      )}
    </div>
  );
}

function List({ agreements }: { agreements: Agreement[] }) {
  const { t } = useTranslation();
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{t('agreements.title')}</th>
          <th scope="col">{t('agreements.partner')}</th>
          <th scope="col">{t('agreements.state')}</th>
          <th scope="col">{t('agreements.time')}</th>
        </tr>
      </thead>
      <tbody>
        {agreements.map((agreement) => (
          <tr key={nameOf(agreement)} data-agreement={nameOf(agreement)} data-state={agreement.state}>
            <td>
              <a className="list-name" href={`/partners/agreements?agreement=${nameOf(agreement)}`} onClick={follow}>
                <bdi>{agreement.title}</bdi>
              </a>
              <div className="dim small">{t('agreements.version', { number: agreement.version })}</div>
            </td>
            <td>
              <bdi>{agreement.other}</bdi>
            </td>
            <td>
              <StateBadge agreement={agreement} />
            </td>
            <td>
              <Duration agreement={agreement} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function StateBadge({ agreement }: { agreement: Agreement }) {
  const { t } = useTranslation();
  return (
    <Badge variant="light" color={colours[agreement.state]}>
      {t(`agreements.states.${agreement.state}`)}
    </Badge>
  );
}

/** From when to when, when it is looked over next, and that somebody denounced it. */
export function Duration({ agreement }: { agreement: Agreement }) {
  const { t } = useTranslation();
  const format = useFormat();
  // Days of an agreement are UTC days: noon is on the same day in every zone that people live in.
  const day = (text: string) => format.date(Date.parse(`${text}T12:00:00Z`));
  return (
    <>
      {agreement.lastDay == null
        ? t('agreements.since', { day: day(agreement.start) })
        : t('agreements.fromTo', { from: day(agreement.start), to: day(agreement.lastDay) })}
      {agreement.nextReview != null && agreement.state === 'inForce' && (
        <div className="dim small">{t('agreements.review', { day: day(agreement.nextReview) })}</div>
      )}
      {agreement.denouncedBy != null && (
        <div className="amber small">
          {t('agreements.denouncedBy')} <bdi>{agreement.denouncedBy}</bdi>
        </div>
      )}
    </>
  );
}
