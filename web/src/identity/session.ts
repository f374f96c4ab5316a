import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { answer, api } from '../api/client';
import { followEvents } from '../api/events';
import type { Permission, Session, SignedOut } from '../api/types';

export const sessionKey = ['session'] as const;

/** Who is signed in. Asked again each minute: a session may end elsewhere, or by itself. */
export const useSession = (): UseQueryResult<Session> =>
  useQuery({ queryKey: sessionKey, queryFn: () => answer(api.GET('/api/session')), refetchInterval: 60_000 });

/** Whether the user may do something somewhere. What they may not do isn't offered; the node decides all the same. */
export function useMay(): (permission: Permission) => boolean {
  const session = useSession();
  const permissions = session.data?.user?.permissions ?? [];
  return (permission) => permissions.includes(permission);
}

/** Follows the node while somebody is signed in, and tells it now and then that there is somebody at the page. */
export function useFollowing(signedIn: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!signedIn) return;
    const stop = followEvents(client);
    let told = Date.now();
    const sign = () => {
      if (Date.now() - told < 60_000) return;
      told = Date.now();
      void api.POST('/api/session/seen').catch(() => undefined);
    };
    const signs = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
    for (const kind of signs) window.addEventListener(kind, sign, { passive: true });
    return () => {
      stop();
      for (const kind of signs) window.removeEventListener(kind, sign);
    };
  }, [client, signedIn]);
}

/** What an answer to a sign-in means for the page: nothing that another user saw stays. */
export function useEntered(): (session: Session) => void {
  const client = useQueryClient();
  return (session) => {
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] && query.queryKey[0] !== 'node' });
    client.setQueryData(sessionKey, session);
  };
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => answer<SignedOut | undefined>(api.DELETE('/api/session')),
    // A new page: pictures, lists and players of this user are gone with the old one. Whoever signed in at the OpenID provider signs out there too.
    onSettled: (out) => location.assign(out?.address ?? '/'),
  });
}
