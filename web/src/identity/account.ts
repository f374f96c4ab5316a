import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type { Permission } from '../api/types';
import { sessionKey } from './session';

export const accountKey = ['account'] as const;
const sessionsKey = ['account', 'sessions'] as const;
const tokensKey = ['account', 'tokens'] as const;

export const useAccount = () =>
  useQuery({ queryKey: accountKey, queryFn: () => answer(api.GET('/api/me')), refetchOnMount: 'always' });

export const useOwnSessions = () =>
  useQuery({ queryKey: sessionsKey, queryFn: () => answer(api.GET('/api/me/sessions')), refetchInterval: 30_000 });

export const useOwnTokens = () => useQuery({ queryKey: tokensKey, queryFn: () => answer(api.GET('/api/me/tokens')) });

/** A change to one's own account: what the page knows of it is asked for anew. */
function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: accountKey }),
        client.invalidateQueries({ queryKey: sessionKey }),
      ]),
  });
}

export const useChangePassword = () =>
  useChange((body: { old: string; new: string }) => answer(api.PUT('/api/me/password', { body })));

export const useBeginAuthenticator = () =>
  useMutation({
    mutationFn: (password: string) => answer(api.POST('/api/me/authenticator', { body: { password } })),
  });

export const useConfirmAuthenticator = () =>
  useChange((code: string) => answer(api.PUT('/api/me/authenticator', { body: { code } })));

export const useRemoveAuthenticator = () =>
  useChange((password: string) => answer(api.POST('/api/me/authenticator/remove', { body: { password } })));

export const useRenewRecovery = () =>
  useChange((password: string) => answer(api.POST('/api/me/recovery', { body: { password } })));

export const useRemovePasskey = () =>
  useChange((key: string) => answer(api.DELETE('/api/me/passkeys/{key}', { params: { path: { key } } })));

/** Null: all but this one. */
export const useEndSession = () =>
  useChange((id: string | null) =>
    id === null
      ? answer<unknown>(api.DELETE('/api/me/sessions'))
      : answer<unknown>(api.DELETE('/api/me/sessions/{id}', { params: { path: { id } } })),
  );

export const useCreateToken = () =>
  useChange((body: { name: string; days: number | null; permissions: Permission[] | null }) =>
    answer(api.POST('/api/me/tokens', { body })),
  );

export const useRevokeToken = () =>
  useChange((id: string) => answer(api.DELETE('/api/me/tokens/{id}', { params: { path: { id } } })));
