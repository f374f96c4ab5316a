import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type { components } from '../api/schema';

type Schemas = components['schemas'];
export type Release = Schemas['Release'];
export type ReleaseInput = Schemas['ReleaseInput'];
export type Released = Schemas['Released'];
export type HandedOver = Schemas['HandedOver'];

const keys = { releases: ['releases'] } as const;

export const useReleases = (): UseQueryResult<Release[]> =>
  useQuery({
    queryKey: keys.releases,
    queryFn: () => answer<Release[]>(api.GET('/api/releases')),
    // A recipient may fetch at any time, and nothing else tells.
    refetchInterval: 15_000,
  });

export function useCreateRelease() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ReleaseInput) => answer<Released>(api.POST('/api/releases', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.releases }),
  });
}

export function useRevokeRelease() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      answer<Release>(api.POST('/api/releases/{id}/revoke', { params: { path: { id } }, body: { reason } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.releases }),
  });
}

/** What a recipient is sent. What stands behind # isn't sent to the node by opening it, nor to anybody as a referrer. */
export const linkOf = (token: string): string => `${location.origin}/release#${token}`;

export const releasedFileUrl = (token: string): string => `/api/released/${encodeURIComponent(token)}/file`;
