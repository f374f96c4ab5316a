import { Button, NativeSelect, Skeleton } from '@mantine/core';
import { IconFileTypeHtml, IconFileTypePdf } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client';
import { nodeNow } from '../../api/clock';
import type { components } from '../../api/schema';
import { useFormat } from '../../i18n/format';
import { Failure } from '../../shell/Notice';
import './evaluation.css';

type Told = components['schemas']['Evaluation'];
type Count = components['schemas']['RequestCount'];

const spans = [31, 92, 366] as const;

/** The yearly review: what two organisations asked, answered and did together, in numbers and as one document. */
export default function EvaluationRoom() {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const [days, setDays] = useState<number>(366);
  const [partner, setPartner] = useState('');
  const [now] = useState(() => nodeNow());
  const from = new Date(now - days * 86_400_000).toISOString();
  const to = new Date(now).toISOString();
  const language = i18n.language.slice(0, 2);
  const told = useQuery({
    queryKey: ['evaluation', from, to, language, partner],
    queryFn: () =>
      answer<Told>(
        api.GET('/api/evaluation', { params: { query: { from, to, language, ...(partner && { link: partner }) } } }),
      ),
    placeholderData: keepPreviousData,
  });
  const worded = (ground: string) => told.data?.grounds.find(({ id }) => id === ground)?.text ?? ground;
  const report = (kind: 'html' | 'pdf') =>
    `/api/evaluation/report?${new URLSearchParams({ from, to, language, format: kind, ...(partner && { link: partner }) }).toString()}`;

  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('evaluation.title')}</h1>
        <span className="grow" />
        <Button
          component="a"
          variant="default"
          leftSection={<IconFileTypePdf size={16} />}
          href={report('pdf')}
          download
        >
          {t('evaluation.pdf')}
        </Button>
        <Button
          component="a"
          variant="default"
          leftSection={<IconFileTypeHtml size={16} />}
          href={report('html')}
          download
        >
          {t('evaluation.html')}
        </Button>
      </div>
      <p className="dim">{t('evaluation.about')}</p>
      <NativeSelect
        className="evaluation-span"
        label={t('evaluation.span')}
        value={String(days)}
        onChange={(event) => setDays(Number(event.currentTarget.value))}
        data={spans.map((value) => ({ value: String(value), label: t('evaluation.days', { count: value }) }))}
      />
      {(told.data?.partners.length ?? 0) > 1 && (
        <NativeSelect
          className="evaluation-span"
          label={t('evaluation.partner')}
          value={partner}
          onChange={(event) => setPartner(event.currentTarget.value)}
          data={[
            { value: '', label: t('evaluation.allPartners') },
            ...(told.data?.partners.map(({ link, organisation }) => ({ value: link, label: organisation })) ?? []),
          ]}
        />
      )}
      {told.data?.cut && <p role="status">{t('evaluation.cut')}</p>}
      {told.isError && (
        <Failure title={t('evaluation.failed')} error={told.error}>
          <Button variant="default" onClick={() => void told.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      )}
      {told.isPending && Array.from({ length: 3 }, (_, index) => <Skeleton key={index} height={96} mb={16} />)}
      {told.data && (
        <>
          <Requests title={t('evaluation.ours')} counts={told.data.requests.filter(({ ours }) => ours)} />
          <Requests title={t('evaluation.theirs')} counts={told.data.requests.filter(({ ours }) => !ours)} />
          <section aria-labelledby="evaluation-refusals">
            <h2 id="evaluation-refusals">{t('evaluation.refusals')}</h2>
            {told.data.requests.every(({ refusals }) => refusals.length === 0) ? (
              <p className="dim">{t('evaluation.none')}</p>
            ) : (
              <ul>
                {told.data.requests.flatMap((count) =>
                  count.refusals.map((refusal) => (
                    <li key={`${count.kind} ${String(count.ours)} ${refusal.ground}`}>
                      <bdi>{worded(refusal.ground)}</bdi> · {t(`requests.kind.${count.kind}`)} ·{' '}
                      {t(count.ours ? 'evaluation.byThem' : 'evaluation.byUs')}: {format.number(refusal.count)}
                    </li>
                  )),
                )}
              </ul>
            )}
          </section>
          <section aria-labelledby="evaluation-handovers">
            <h2 id="evaluation-handovers">{t('evaluation.handOvers')}</h2>
            {told.data.handOvers.length === 0 && <p className="dim">{t('evaluation.none')}</p>}
            {told.data.handOvers.map((count) => (
              <p key={String(count.ours)}>
                {t(count.ours ? 'evaluation.handedByUs' : 'evaluation.handedToUs', {
                  number: format.number(count.count),
                  acknowledged: format.number(count.acknowledged),
                  real: format.number(count.real),
                  wrong: format.number(count.false),
                  refused: format.number(count.refused),
                })}
              </p>
            ))}
          </section>
          <section aria-labelledby="evaluation-shares">
            <h2 id="evaluation-shares">{t('evaluation.shares')}</h2>
            {told.data.shares.length === 0 && <p className="dim">{t('evaluation.none')}</p>}
            {told.data.shares.map((count) => (
              <p key={String(count.ours)}>
                {t(count.ours ? 'evaluation.sharedByUs' : 'evaluation.sharedToUs', {
                  number: format.number(count.given),
                  ended: format.number(count.ended),
                  revoked: format.number(count.revoked),
                  deleted: format.number(count.deleted),
                })}
              </p>
            ))}
          </section>
          <section aria-labelledby="evaluation-operations">
            <h2 id="evaluation-operations">{t('operations.title')}</h2>
            <p>
              {t('evaluation.operations', {
                begun: format.number(told.data.operationsBegun),
                over: format.number(told.data.operationsOver),
              })}
            </p>
          </section>
        </>
      )}
    </div>
  );
}

function Requests({ title, counts }: { title: string; counts: readonly Count[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const span = (seconds: number | null) => (seconds === null ? '–' : format.duration(seconds * 1000));
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {counts.length === 0 ? (
        <p className="dim">{t('evaluation.none')}</p>
      ) : (
        <div className="evaluation-table">
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{t('requests.kindIs')}</th>
                <th scope="col">{t('evaluation.asked')}</th>
                <th scope="col">{t('evaluation.open')}</th>
                <th scope="col">{t('evaluation.answered')}</th>
                <th scope="col">{t('evaluation.refused')}</th>
                <th scope="col">{t('evaluation.withdrawn')}</th>
                <th scope="col">{t('evaluation.inTime')}</th>
                <th scope="col">{t('evaluation.median')}</th>
                <th scope="col">{t('evaluation.slowest')}</th>
              </tr>
            </thead>
            <tbody>
              {counts.map((count) => (
                <tr key={count.kind}>
                  <td>{t(`requests.kind.${count.kind}`)}</td>
                  <td data-label={t('evaluation.asked')}>{format.number(count.asked)}</td>
                  <td data-label={t('evaluation.open')}>
                    {format.number(count.open)}
                    {count.overdue > 0 && (
                      <span className="red">
                        {' '}
                        ({t('evaluation.overdue', { number: format.number(count.overdue) })})
                      </span>
                    )}
                  </td>
                  <td data-label={t('evaluation.answered')}>
                    {t('evaluation.extents', {
                      whole: format.number(count.whole),
                      part: format.number(count.part),
                      conditional: format.number(count.conditional),
                    })}
                  </td>
                  <td data-label={t('evaluation.refused')}>{format.number(count.refused)}</td>
                  <td data-label={t('evaluation.withdrawn')}>{format.number(count.withdrawn)}</td>
                  <td data-label={t('evaluation.inTime')}>
                    {t('evaluation.of', {
                      number: format.number(count.inTime),
                      all: format.number(count.inTime + count.late),
                    })}
                  </td>
                  <td data-label={t('evaluation.median')}>{span(count.medianSeconds)}</td>
                  <td data-label={t('evaluation.slowest')}>{span(count.slowestSeconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
