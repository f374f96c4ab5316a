import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import { keys } from '../api/queries';
import type { EvidencePackage, PackageInput } from '../api/types';
import { forgetAsked } from './asked';

const packagesKey = ['packages'] as const;

export const isUnfinished = ({ state }: EvidencePackage): boolean => state === 'waiting' || state === 'preparing';

export const packageFileUrl = (id: string): string => `/api/packages/${encodeURIComponent(id)}/file`;

export const usePackages = (): UseQueryResult<EvidencePackage[]> =>
  useQuery({
    queryKey: packagesKey,
    queryFn: () => answer<EvidencePackage[]>(api.GET('/api/packages')),
    refetchInterval: (query) => (query.state.data?.some(isUnfinished) ? 1000 : 15_000),
  });

export function useMakePackage() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: PackageInput) => answer<EvidencePackage>(api.POST('/api/packages', { body })),
    onSuccess: (_, body) => forgetAsked(body),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: packagesKey });
      void client.invalidateQueries({ queryKey: keys.approvals });
    },
  });
}

export function useRemovePackage() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/packages/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: packagesKey }),
  });
}
