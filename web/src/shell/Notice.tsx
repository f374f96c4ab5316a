import { Skeleton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { approvalOf } from '../api/approvalOf';
import { Problem } from '../api/problem';
import { useFormat } from '../i18n/format';

/** What a room shows instead of its content: what, why, what to do. */
export function Notice(props: {
  icon?: ReactNode;
  title: string;
  text?: ReactNode;
  children?: ReactNode;
  alert?: boolean;
}) {
  return (
    <div className="notice" role={props.alert ? 'alert' : undefined}>
      {props.icon !== undefined && (
        <span className="notice-icon" aria-hidden>
          {props.icon}
        </span>
      )}
      <p className="notice-title">{props.title}</p>
      {props.text !== undefined && <p className="notice-text">{props.text}</p>}
      {props.children}
    </div>
  );
}

export function Failure({ title, error, children }: { title: string; error: unknown; children?: ReactNode }) {
  return (
    <Notice alert icon={<IconAlertTriangle size={28} className="amber" />} title={title} text={<Why error={error} />}>
      {children}
    </Notice>
  );
}

/** An error in words. The node's own sentence stays in its language and direction. */
export function Why({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (error instanceof Problem) {
    const needed = approvalOf(error);
    if (needed) {
      const { approval, deciders } = needed;
      if (approval.state === 'refused')
        return (
          <>
            <bdi>{approval.decidedBy}</bdi>: <bdi>{approval.reason}</bdi>
          </>
        );
      const time = format.dateTime(Date.parse(approval.expiresAt));
      return (
        <>
          {deciders.length > 0
            ? t('approvals.neededText', { names: format.list(deciders), time })
            : t('approvals.nobodyText')}
        </>
      );
    }
    if (error.extra.type === 'urn:atalaya:problem:purpose') return <>{t('purpose.missing')}</>;
    if (error.status === 0 || error.status === 502 || error.status === 504) return <>{t('problem.unreachable')}</>;
    const said = [error.detail || error.title, ...Object.values(error.errors).flat()].filter(Boolean);
    if (said.length === 0) return <>{t('problem.status', { status: error.status })}</>;
    return <Said text={[...new Set(said)].join(' ')} />;
  }
  return <>{t('problem.unknown')}</>;
}

/** A sentence the node or a camera said, in English whatever the page's language. */
export function Said({ text }: { text: string }) {
  return (
    <bdi lang="en" className="said">
      {text}
    </bdi>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return <Notice title={t('app.notFound')} text={t('app.notFoundDo')} />;
}

export function RoomSkeleton() {
  return (
    <div className="room-skeleton" aria-hidden>
      <Skeleton height={32} width={240} />
      <Skeleton className="grow" />
    </div>
  );
}
