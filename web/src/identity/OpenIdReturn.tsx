import { Alert, Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { RoomSkeleton, Why } from '../shell/Notice';
import { go } from '../shell/route';
import { Doorway } from './Doorway';
import { answerIn, refusalOf } from './openId';
import { useEntered, useSession } from './session';

/**
 * Where the OpenID provider sends the browser back to. The page brings the code to the node by a request of its own, so that the session's cookie may stay SameSite=Strict.
 */
export default function OpenIdReturn() {
  const { t } = useTranslation();
  const session = useSession();
  const entered = useEntered();
  const [sent] = useState(() => answerIn(location.search));
  const name = session.data?.openId?.name ?? t('identity.provider');
  const finish = useMutation({
    mutationFn: () => answer(api.POST('/api/session/openid/finish', { body: sent })),
    onSuccess: (result) => {
      go('/', { replace: true });
      if (result.session) entered(result.session);
    },
  });
  const { mutate, isIdle } = finish;
  useEffect(() => {
    // Out of the address first: a code is nobody's to keep, though it counts once.
    history.replaceState(null, '', location.pathname);
    if (isIdle && sent.code !== null) mutate();
  }, [mutate, isIdle, sent.code]);

  if (sent.code !== null && !finish.isError) return <RoomSkeleton />;
  const refusal = refusalOf(finish.error);
  return (
    <Doorway title={t('identity.openIdFailed')}>
      <Alert color="red" role="alert">
        {sent.code === null ? (
          t('identity.openIdDenied', { name })
        ) : refusal ? (
          t(`identity.refused.${refusal}`, { name })
        ) : (
          <Why error={finish.error} />
        )}
      </Alert>
      <Button variant="default" onClick={() => go('/')}>
        {t('identity.openIdAgain')}
      </Button>
    </Doorway>
  );
}
