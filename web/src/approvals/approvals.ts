import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import { keys } from '../api/queries';
import type { Approval, Approvals, ExportJob } from '../api/types';

/** What waits for the reader's decision, and what they asked for. Events keep it fresh. */
export const useApprovals = (): UseQueryResult<Approvals> =>
  useQuery({
    queryKey: keys.approvals,
    queryFn: () => answer<Approvals>(api.GET('/api/approvals')),
    refetchInterval: 30_000,
  });

export function useDecide() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, agrees, reason }: { id: string; agrees: boolean; reason: string }) => {
      const request = { params: { path: { id } }, body: { reason } };
      return answer<Approval>(
        agrees ? api.POST('/api/approvals/{id}/approve', request) : api.POST('/api/approvals/{id}/refuse', request),
      );
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.approvals }),
  });
}

export function useWithdraw() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer<unknown>(api.DELETE('/api/approvals/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.approvals }),
  });
}

/** Does an export that was agreed to: exactly what was asked for, or the node would ask anew. */
export function useExportAgreed() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ cameras, from, to, detail, purpose, reference }: Approval) =>
      answer<ExportJob>(
        api.POST('/api/exports', {
          body: {
            camera: cameras[0] ?? null,
            stream: detail === 'sub' ? 'sub' : 'main',
            from,
            to,
            ...(purpose !== '' && { purpose: { purpose, reference } }),
          },
        }),
      ),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.approvals });
      void client.invalidateQueries({ queryKey: keys.exports });
    },
  });
}
