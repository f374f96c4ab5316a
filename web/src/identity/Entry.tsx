import { Button } from '@mantine/core';
import { lazy, Suspense, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Failure, RoomSkeleton } from '../shell/Notice';
import { usePlace } from '../shell/route';
import { useFollowing, useSession } from './session';

const SignIn = lazy(() => import('./SignIn'));
const OpenIdReturn = lazy(() => import('./OpenIdReturn'));
const Start = lazy(() => import('./Start'));
const HandedOver = lazy(() => import('../releases/HandedOver'));

/** Shows the page to who has signed in, and the way in to everybody else. */
export function Entry({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const { path } = usePlace();
  const session = useSession();
  const signedIn = session.data?.signedIn === true;
  useFollowing(signedIn);

  if (path === '/start') {
    return (
      <Suspense fallback={<RoomSkeleton />}>
        <Start />
      </Suspense>
    );
  }
  if (path === '/release') {
    return (
      <Suspense fallback={<RoomSkeleton />}>
        <HandedOver />
      </Suspense>
    );
  }
  if (path === '/openid') {
    return (
      <Suspense fallback={<RoomSkeleton />}>
        <OpenIdReturn />
      </Suspense>
    );
  }
  if (!session.data) {
    if (!session.isError) return <RoomSkeleton />;
    return (
      <Failure title={t('identity.noAnswer')} error={session.error}>
        <Button variant="default" onClick={() => void session.refetch()}>
          {t('app.retry')}
        </Button>
      </Failure>
    );
  }
  if (signedIn) return <>{children}</>;
  return (
    <Suspense fallback={<RoomSkeleton />}>
      <SignIn needsFirst={session.data.needsFirst} openId={session.data.openId?.name ?? null} />
    </Suspense>
  );
}
