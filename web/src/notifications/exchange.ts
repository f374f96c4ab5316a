import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import type { Channel, ChannelInput, Notification, Push } from '../api/types';

const channelsKey = ['notifications', 'channels'] as const;
const outboxKey = ['notifications', 'outbox'] as const;
export const pushKey = ['notifications', 'push'] as const;

export type OutboxState = 'waiting' | 'sent' | 'dead';

export const useChannels = (): UseQueryResult<Channel[]> =>
  useQuery({ queryKey: channelsKey, queryFn: () => answer<Channel[]>(api.GET('/api/notifications/channels')) });

export const useOutbox = (state: OutboxState | null): UseQueryResult<Notification[]> =>
  useQuery({
    queryKey: [...outboxKey, state],
    queryFn: () =>
      answer<Notification[]>(
        api.GET('/api/notifications/outbox', { params: { query: state === null ? {} : { state } } }),
      ),
    refetchInterval: 3000,
  });

export function usePutChannel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, version, input }: { id: string; version: number; input: ChannelInput }) =>
      answer<Channel>(
        api.PUT('/api/notifications/channels/{id}', {
          params: { path: { id }, header: { 'If-Match': `"${version}"` } },
          body: input,
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  });
}

export function useDeleteChannel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer<unknown>(api.DELETE('/api/notifications/channels/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  });
}

export function useTestChannel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer<Notification>(api.POST('/api/notifications/channels/{id}/test', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: outboxKey }),
  });
}

export function useResend() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answer<unknown>(api.POST('/api/notifications/outbox/{id}/resend', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: outboxKey }),
  });
}

export const usePush = (): UseQueryResult<Push> =>
  useQuery({ queryKey: pushKey, queryFn: () => answer<Push>(api.GET('/api/push')) });
