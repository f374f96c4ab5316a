import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { IconDownload, IconEyeOff } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { nodeNow } from '../api/clock';
import { useCameras } from '../api/queries';
import type { AccessKind } from '../api/types';
import { usePurposeWords } from '../approvals/words';
import { useFormat } from '../i18n/format';
import '../identity/identity.css';
import { Failure, Notice } from '../shell/Notice';

const kinds: AccessKind[] = [
  'live',
  'preview',
  'playback',
  'thumbnails',
  'export',
  'download',
  'snapshot',
  'approvalAsked',
  'approved',
  'approvalRefused',
  'approvalWithdrawn',
  'approvalExpired',
  'approvalUsed',
  'change',
];
const spans = [1, 7, 31] as const;

/** Who looked at what. For oversight: it holds no pictures. */
export default function AccessesRoom() {
  const { t } = useTranslation();
  const format = useFormat();
  const words = usePurposeWords();
  const cameras = useCameras();
  const [days, setDays] = useState<number>(1);
  const [user, setUser] = useState('');
  const [camera, setCamera] = useState('');
  const [kind, setKind] = useState('');
  // One moment for all pages of a list, and for the file that is taken of it.
  const [now, setNow] = useState(() => nodeNow());
  const query = {
    from: new Date(now - days * 86_400_000).toISOString(),
    to: new Date(now + 1000).toISOString(),
    ...(user.trim() !== '' && { user: user.trim() }),
    ...(camera !== '' && { camera }),
    ...(kind !== '' && { kind }),
  };
  const accesses = useInfiniteQuery({
    queryKey: ['accesses', query],
    queryFn: ({ pageParam }) =>
      answer(
        api.GET('/api/accesses', { params: { query: { ...query, ...(pageParam !== null && { cursor: pageParam }) } } }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  const names = new Map((cameras.data ?? []).map((c) => [c.id, c.name]));
  const rows = accesses.data?.pages.flatMap((page) => page.accesses) ?? [];

  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('oversight.accesses')}</h1>
        <span className="grow" />
        <Button
          component="a"
          variant="default"
          leftSection={<IconDownload size={16} />}
          href={`/api/accesses.csv?${new URLSearchParams(query).toString()}`}
          download
        >
          {t('oversight.csv')}
        </Button>
      </div>
      <p className="dim">{t('oversight.about')}</p>
      <div className="accesses-filter">
        <NativeSelect
          label={t('oversight.span')}
          value={String(days)}
          onChange={(event) => {
            setNow(nodeNow());
            setDays(Number(event.currentTarget.value));
          }}
          data={spans.map((value) => ({ value: String(value), label: t('oversight.days', { count: value }) }))}
        />
        <TextInput
          label={t('oversight.user')}
          value={user}
          onChange={(event) => setUser(event.currentTarget.value)}
          dir="auto"
        />
        <NativeSelect
          label={t('oversight.camera')}
          value={camera}
          onChange={(event) => setCamera(event.currentTarget.value)}
          data={[
            { value: '', label: t('oversight.all') },
            ...(cameras.data ?? []).map((c) => ({ value: c.id, label: c.name })),
          ]}
        />
        <NativeSelect
          label={t('oversight.kindIs')}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value)}
          data={[
            { value: '', label: t('oversight.all') },
            ...kinds.map((k) => ({ value: k, label: t(`oversight.kind.${k}`) })),
          ]}
        />
      </div>
      {accesses.isError && (
        <Failure title={t('oversight.failed')} error={accesses.error}>
          <Button variant="default" onClick={() => void accesses.refetch()}>
            {t('app.retry')}
          </Button>
        </Failure>
      )}
      {accesses.isPending && Array.from({ length: 5 }, (_, index) => <Skeleton key={index} height={40} mb={8} />)}
      {accesses.data && rows.length === 0 && <Notice icon={<IconEyeOff size={32} />} title={t('oversight.none')} />}
      {rows.length > 0 && (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{t('oversight.when')}</th>
              <th scope="col">{t('oversight.user')}</th>
              <th scope="col">{t('oversight.camera')}</th>
              <th scope="col">{t('oversight.kindIs')}</th>
              <th scope="col">{t('oversight.stretch')}</th>
              <th scope="col">{t('oversight.purpose')}</th>
              <th scope="col">{t('oversight.address')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id}>
                <td>
                  {format.dateTime(Date.parse(row.begunAt))}
                  {row.endedAt === null && <span className="dim"> {t('oversight.goesOn')}</span>}
                </td>
                <td>
                  <bdi>{row.user}</bdi>
                  {row.token !== null && <span className="dim"> {t('oversight.token')}</span>}
                </td>
                <td>
                  <bdi>{names.get(row.camera) ?? row.camera}</bdi>
                </td>
                <td>{t(`oversight.kind.${row.kind}`)}</td>
                <td>
                  {row.from !== null &&
                    row.to !== null &&
                    t('oversight.fromTo', {
                      from: format.dateTime(Date.parse(row.from)),
                      to: format.dateTime(Date.parse(row.to)),
                    })}
                </td>
                <td>
                  {row.purpose !== '' && <bdi>{[words(row.purpose), row.reference].filter(Boolean).join(' · ')}</bdi>}
                  {row.detail !== '' && (
                    <span className="dim">
                      {' '}
                      <bdi dir="ltr">{row.detail}</bdi>
                    </span>
                  )}
                </td>
                <td dir="ltr">{row.address}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {accesses.hasNextPage && (
        <Button variant="default" loading={accesses.isFetchingNextPage} onClick={() => void accesses.fetchNextPage()}>
          {t('oversight.more')}
        </Button>
      )}
    </div>
  );
}
