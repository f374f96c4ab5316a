import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import { keys } from '../../api/queries';
import type {
  Arming,
  DisarmRequest,
  PolicyTrial,
  StandingPolicy,
  Suppression,
  SuppressionRequest,
} from '../../api/types';
import type { Policy } from './policy';

const policyKey = [...keys.alarms, 'policy'] as const;
const armingKey = [...keys.alarms, 'arming'] as const;
const suppressionsKey = [...keys.alarms, 'suppressions'] as const;

export const usePolicy = (): UseQueryResult<StandingPolicy> =>
  useQuery({
    queryKey: policyKey,
    queryFn: () => answer<StandingPolicy>(api.GET('/api/alarm-policy')),
    // What somebody is changing isn't replaced under their hands; saving tells who was slower.
    refetchOnWindowFocus: false,
    staleTime: Infinity,
  });

export function usePutPolicy() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ policy, version }: { policy: Policy; version: number }) =>
      answer<StandingPolicy>(
        api.PUT('/api/alarm-policy', { params: { header: { 'If-Match': `"${version}"` } }, body: policy }),
      ),
    onSuccess: (standing) => client.setQueryData(policyKey, standing),
  });
}

export const useTryPolicy = () =>
  useMutation({
    mutationFn: ({ policy, from, to }: { policy: Policy; from: number; to: number }) =>
      answer<PolicyTrial>(
        api.POST('/api/alarm-policy/trial', {
          params: { query: { from: new Date(from).toISOString(), to: new Date(to).toISOString() } },
          body: policy,
        }),
      ),
  });

export const useArming = (): UseQueryResult<Arming[]> =>
  useQuery({
    queryKey: armingKey,
    queryFn: () => answer<Arming[]>(api.GET('/api/arming')),
    refetchInterval: 10_000,
  });

export function useDisarm() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: DisarmRequest) => answer<Arming>(api.POST('/api/arming/disarm', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: armingKey }),
  });
}

export function useArm() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/arming/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: armingKey }),
  });
}

export const useSuppressions = (): UseQueryResult<Suppression[]> =>
  useQuery({
    queryKey: suppressionsKey,
    queryFn: () => answer<Suppression[]>(api.GET('/api/suppressions')),
    refetchInterval: 10_000,
  });

export function useSuppress() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: SuppressionRequest) => answer<Suppression>(api.POST('/api/suppressions', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: suppressionsKey }),
  });
}

export function useEndSuppression() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/suppressions/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: suppressionsKey }),
  });
}
