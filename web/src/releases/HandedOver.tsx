import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { Problem } from '../api/problem';
import { useFormat } from '../i18n/format';
import { Doorway } from '../identity/Doorway';
import { Refused } from '../identity/SignIn';
import { RoomSkeleton } from '../shell/Notice';
import './releases.css';
import { releasedFileUrl, type HandedOver as Handed } from './releases';

/** For somebody outside who was sent a link: what it gives, how to fetch it, and how to check it without trusting us. */
export default function HandedOver() {
  const { t } = useTranslation();
  const [token] = useState(() => location.hash.slice(1));
  const look = useQuery({
    queryKey: ['released', token],
    queryFn: () => answer<Handed>(api.POST('/api/released/look', { body: { token } })),
    retry: false,
    staleTime: Infinity,
  });

  if (look.isPending) return <RoomSkeleton />;
  if (look.isError) {
    return (
      <Doorway title={t('disclosures.noLink')}>
        {look.error instanceof Problem && look.error.status === 404 ? (
          <p className="doorway-text">{t('disclosures.noLinkDo')}</p>
        ) : (
          <Refused error={look.error} wrong="" />
        )}
      </Doorway>
    );
  }
  return <Given token={token} given={look.data} />;
}

function Given({ token, given }: { token: string; given: Handed }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Doorway title={given.title}>
      <dl className="handed">
        <dt>{t('disclosures.recipient')}</dt>
        <dd>
          <bdi>{given.recipient}</bdi>
          <br />
          <bdi>{given.organisation}</bdi>
        </dd>
        <dt>{t('disclosures.legalBasis')}</dt>
        <dd>
          <bdi>{given.legalBasis}</bdi>
        </dd>
        {given.note !== '' && (
          <>
            <dt>{t('disclosures.note')}</dt>
            <dd className="handed-note">
              <bdi>{given.note}</bdi>
            </dd>
          </>
        )}
        <dt>{t('disclosures.until')}</dt>
        <dd>{format.dateTime(Date.parse(given.expires))}</dd>
      </dl>
      <Button
        component="a"
        href={releasedFileUrl(token)}
        download={given.fileName}
        leftSection={<IconDownload size={16} />}
      >
        {t('disclosures.fetch', { size: format.bytes(given.bytes) })}
      </Button>
      <p className="dim small">{t('disclosures.isLogged')}</p>
      {given.encrypted && <p>{t('disclosures.encrypted')}</p>}
      <h2 className="handed-check">{t('disclosures.checkTitle')}</h2>
      <p>{t('disclosures.checkDo')}</p>
      <dl className="handed">
        <dt>SHA-256</dt>
        <dd>
          <bdi dir="ltr" className="code handed-code">
            {given.sha256}
          </bdi>
        </dd>
        <dt>{t('disclosures.key')}</dt>
        <dd>
          <bdi dir="ltr" className="code handed-code">
            {given.key}
          </bdi>
        </dd>
      </dl>
    </Doorway>
  );
}
