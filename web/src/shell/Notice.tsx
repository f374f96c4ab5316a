import { Skeleton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';

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
  if (error instanceof Problem) {
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
