import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type { Role, RoleInput, User, UserInput } from '../api/types';

const usersKey = ['people', 'users'] as const;
const rolesKey = ['people', 'roles'] as const;
const peopleKey = ['people'] as const;

export const useUsers = () =>
  useQuery({ queryKey: usersKey, queryFn: () => answer<User[]>(api.GET('/api/users')), refetchInterval: 30_000 });

export const useRoles = () => useQuery({ queryKey: rolesKey, queryFn: () => answer<Role[]>(api.GET('/api/roles')) });

const of = (id: string) => ({ params: { path: { id } } });

/** @param id null: of nobody yet */
export const usePowers = (id: string | null) =>
  useQuery({
    enabled: id !== null,
    queryKey: [...peopleKey, 'powers', id],
    queryFn: () => answer(api.GET('/api/users/{id}/powers', of(id ?? ''))),
  });

export const useSessionsOf = (id: string) =>
  useQuery({
    queryKey: [...peopleKey, 'sessions', id],
    queryFn: () => answer(api.GET('/api/users/{id}/sessions', of(id))),
  });

export const useTokensOf = (id: string) =>
  useQuery({
    queryKey: [...peopleKey, 'tokens', id],
    queryFn: () => answer(api.GET('/api/users/{id}/tokens', of(id))),
  });

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => client.invalidateQueries({ queryKey: peopleKey }),
  });
}

export const useAddUser = () => useChange((body: UserInput) => answer(api.POST('/api/users', { body })));

export const useSaveUser = () =>
  useChange(({ id, input }: { id: string; input: UserInput }) =>
    answer(api.PUT('/api/users/{id}', { ...of(id), body: input })),
  );

export const useNewLink = () => useChange((id: string) => answer(api.POST('/api/users/{id}/link', of(id))));

export const useDropFactors = () => useChange((id: string) => answer(api.DELETE('/api/users/{id}/factors', of(id))));

export const useEndSessions = () => useChange((id: string) => answer(api.DELETE('/api/users/{id}/sessions', of(id))));

export const useRevokeTokenOf = () =>
  useChange(({ user, token }: { user: string; token: string }) =>
    answer(api.DELETE('/api/users/{id}/tokens/{token}', { params: { path: { id: user, token } } })),
  );

export const useSaveRole = () =>
  useChange(({ id, input }: { id: string; input: RoleInput }) =>
    answer(api.PUT('/api/roles/{id}', { ...of(id), body: input })),
  );

export const useRemoveRole = () => useChange((id: string) => answer(api.DELETE('/api/roles/{id}', of(id))));
