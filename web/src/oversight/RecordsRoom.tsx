import { Button, Modal, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCircleCheck, IconDownload, IconFileSearch, IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import { useFormat } from '../i18n/format';
import { Failure, Notice } from '../shell/Notice';
import { checkRecord, type RecordCheck } from './checkRecord';
import { knownKey } from './knownKey';
import './oversight.css';
import { useRecordProof, useRecords } from './queries';
import { useKindWords } from './words';

const kinds = [
  'access',
  'export',
  'hold',
  'deletion',
  'disclosure',
  'receipt',
  'derived',
  'link',
  'agreement',
  'request',
  'user',
  'grant',
  'rule',
  'mask',
  'setting',
  'policy',
  'key',
  'gap',
  'drill',
  'segment',
] as const;
const spans = [1, 7, 31, 366] as const;

/** All that the log's leaves stand for, each with its proof. */
export default function RecordsRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useKindWords();
  const [days, setDays] = useState<number>(31);
  const [kind, setKind] = useState('');
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 300);
  const [now, setNow] = useState(() => nodeNow());
  const [open, setOpen] = useState<number | null>(null);
  const records = useRecords({
    from: new Date(now - days * 86_400_000).toISOString(),
    to: new Date(now + 1000).toISOString(),
    ...(kind !== '' && { kind }),
    ...(wanted !== '' && { text: wanted }),
  });
  const rows = records.data?.pages.flatMap((page) => page.records) ?? [];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('oversight.records')}</h1>
      </div>
      <p className="dim">{t('oversight.recordsAre')}</p>
      <div className="accesses-filter">
        <TextInput
          label={t('oversight.text')}
          value={text}
          maxLength={200}
          onChange={(event) => setText(event.currentTarget.value)}
          dir="auto"
        />
        <NativeSelect
          label={t('oversight.kindIs')}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value)}
          data={[
            { value: '', label: t('oversight.allButSegments') },
            ...kinds.map((value) => ({ value, label: t(`oversight.record.${value}`) })),
          ]}
        />
        <NativeSelect
          label={t('oversight.span')}
          value={String(days)}
          onChange={(event) => {
            setNow(nodeNow());
            setDays(Number(event.currentTarget.value));
          }}
          data={spans.map((value) => ({ value: String(value), label: t('oversight.days', { count: value }) }))}
        />
      </div>
      {records.isError && (
        <Failure title={t('oversight.recordsFailed')} error={records.error}>
          <Button variant="default" onClick={() => void records.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      )}
      {records.isPending && Array.from({ length: 6 }, (_, index) => <Skeleton key={index} height={40} mb={8} />)}
      {records.data && rows.length === 0 && (
        <Notice icon={<IconFileSearch size={32} />} title={t('oversight.noRecords')} />
      )}
      {rows.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('oversight.leaf')}</th>
              <th scope="col">{t('oversight.when')}</th>
              <th scope="col">{t('oversight.kindIs')}</th>
              <th scope="col">{t('oversight.recordIs')}</th>
              <th scope="col">{t('oversight.proof')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.leaf}>
                <td>
                  <bdi dir="ltr">{row.leaf}</bdi>
                </td>
                <td>{format.dateTime(Date.parse(row.at))}</td>
                <td>{words(row.kind)}</td>
                <td>
                  <Fields record={row.record} />
                </td>
                <td className="list-tools">
                  <Button
                    variant="default"
                    size="compact-sm"
                    leftSection={<IconShieldCheck size={16} />}
                    onClick={() => setOpen(row.leaf)}
                    aria-label={t('oversight.openProof', { leaf: row.leaf })}
                  >
                    {t('oversight.proof')}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {records.hasNextPage && (
        <Button variant="default" loading={records.isFetchingNextPage} onClick={() => void records.fetchNextPage()}>
          {t('oversight.more')}
        </Button>
      )}
      <Modal
        opened={open !== null}
        onClose={() => setOpen(null)}
        title={t('oversight.proofOf', { leaf: open ?? 0 })}
        size="lg"
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        {open !== null && <ProofOf leaf={open} />}
      </Modal>
    </div>
  );
}

/** A record's fields as they are written: names of the format, not of the page. */
function Fields({ record }: { record: string }) {
  const fields = flat(record);
  return (
    <dl className="record-fields" dir="ltr">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function flat(record: string): [string, string][] {
  try {
    const value: unknown = JSON.parse(record);
    const out: [string, string][] = [];
    const walk = (at: string, part: unknown) => {
      if (part === null || part === '') return;
      if (typeof part === 'object' && !Array.isArray(part))
        for (const [name, inner] of Object.entries(part)) walk(at === '' ? name : `${at}.${name}`, inner);
      else out.push([at, typeof part === 'string' ? part : JSON.stringify(part)]);
    };
    walk('', value);
    return out.slice(0, 24).map(([name, text]) => [name, text.length > 160 ? `${text.slice(0, 160)}…` : text]);
  } catch {
    return [['', record]];
  }
}

function ProofOf({ leaf }: { leaf: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const proof = useRecordProof(leaf);
  const [checked, setChecked] = useState<RecordCheck | null>(null);
  if (proof.isPending) return <Skeleton height={160} />;
  if (proof.isError)
    return (
      <Failure title={t('oversight.proofFailed')} error={proof.error}>
        <Button variant="default" onClick={() => void proof.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  const known = knownKey(proof.data.key, nodeNow());
  const file = URL.createObjectURL(new Blob([JSON.stringify(proof.data, null, 2)], { type: 'application/json' }));
  return (
    <div className="proof">
      <dl className="proof-facts">
        <dt>{t('oversight.leaf')}</dt>
        <dd>
          <bdi dir="ltr">{proof.data.leaf}</bdi>
        </dd>
        <dt>{t('oversight.recordIs')}</dt>
        <dd>
          <code dir="ltr">{proof.data.record}</code>
        </dd>
        <dt>{t('oversight.checkpoint')}</dt>
        <dd>
          <pre dir="ltr" aria-label={t('oversight.checkpoint')}>
            {proof.data.checkpoint}
          </pre>
        </dd>
        <dt>{t('oversight.knownKey')}</dt>
        <dd>
          <code dir="ltr">{known.key}</code>{' '}
          <span className="dim">{t('oversight.keySince', { at: format.dateTime(known.since) })}</span>
        </dd>
      </dl>
      <div className="form-line">
        <Button
          leftSection={<IconCircleCheck size={16} />}
          onClick={() => setChecked(checkRecord(proof.data, known.key))}
        >
          {t('oversight.checkHere')}
        </Button>
        <Button
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} />}
          href={file}
          download={`record-${String(leaf)}.json`}
        >
          {t('oversight.saveProof')}
        </Button>
      </div>
      <div role="status" className="proof-verdict" data-verdict={checked?.verdict}>
        {checked && (
          <>
            {checked.verdict === 'proven' ? <IconShieldCheck aria-hidden /> : <IconShieldX aria-hidden />}
            <div>
              <b>{t(`oversight.verdict.${checked.verdict}`)}</b>
              <p>{t(`oversight.verdictIs.${checked.verdict}`)}</p>
              {checked.witnesses.length > 0 && (
                <p>
                  {t('oversight.witnessedBy')}{' '}
                  <bdi dir="ltr">{checked.witnesses.map(({ name }) => name).join(', ')}</bdi>
                </p>
              )}
            </div>
          </>
        )}
      </div>
      <p className="dim">
        {t('oversight.offline')} <code dir="ltr">atalaya log check-proof record-{leaf}.json --key KEY</code>
      </p>
    </div>
  );
}
