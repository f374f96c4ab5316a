import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type RequestLine = Schemas['RequestLine'];
export type PartnerRequest = Schemas['Request'];
export type RequestStep = Schemas['RequestStep'];
export type RequestTerms = Schemas['RequestTerms'];
export type RequestCount = Schemas['RequestCount'];
export type RequestKind = Schemas['RequestKind'];
export type Urgency = Schemas['Urgency'];
export type NewRequest = Schemas['NewRequestInput'];
export type AnswerInput = Schemas['AnswerInput'];
export type RequestFile = Schemas['RequestFile'];
export type GrantChoice = Schemas['GrantChoice'];

export const kinds = [
  'information',
  'footage',
  'liveAssistance',
  'holdFootage',
  'jointOperation',
  'supportFile',
] as const satisfies readonly RequestKind[];
export const urgencies = ['urgent', 'prompt', 'routine'] as const satisfies readonly Urgency[];

const requestsKey = ['requests'] as const;

// Steps come in over the link: they are looked for, as long as the room is open.
export const useRequests = (open: boolean): UseQueryResult<RequestLine[]> =>
  useQuery({
    queryKey: [...requestsKey, 'list', open],
    queryFn: () => answer<RequestLine[]>(api.GET('/api/requests', { params: { query: { open } } })),
    refetchInterval: 5000,
  });

export const useRequest = (id: string): UseQueryResult<PartnerRequest> =>
  useQuery({
    queryKey: [...requestsKey, 'one', id],
    queryFn: () => answer<PartnerRequest>(api.GET('/api/requests/{id}', { params: { path: { id } } })),
    refetchInterval: 5000,
  });

export const useRequestTerms = (language: string): UseQueryResult<RequestTerms[]> =>
  useQuery({
    queryKey: [...requestsKey, 'terms', language],
    queryFn: () => answer<RequestTerms[]>(api.GET('/api/requests/terms', { params: { query: { language } } })),
    staleTime: 30_000,
  });

/** Grants of ours that an answer to it may carry. */
export const useRequestGrants = (id: string, enabled: boolean): UseQueryResult<GrantChoice[]> =>
  useQuery({
    queryKey: [...requestsKey, 'grants', id],
    queryFn: () => answer<GrantChoice[]>(api.GET('/api/requests/{id}/grants', { params: { path: { id } } })),
    enabled,
  });

/** Of one document, bytes; the node takes a little more. */
export const maxFile = 32_000_000;
export const maxFiles = 10;
export const fileEndings = '.pdf,.jpg,.jpeg,.png,.txt,.csv,.odt,.ods,.docx,.xlsx';

export const fileUrl = (request: string, file: string): string =>
  `/api/requests/${encodeURIComponent(request)}/files/${encodeURIComponent(file)}`;

/** Brings documents here, one after another; what they go with names them. */
export function useBring() {
  return useMutation({
    mutationFn: ({ link, file }: { link: string; file: File }) =>
      answer<RequestFile>(
        api.POST('/api/requests/files', {
          params: { query: { link, name: file.name } },
          body: file as unknown as string,
          bodySerializer: () => file,
          headers: { 'Content-Type': 'application/octet-stream' },
        }),
      ),
  });
}

export const useDrop = () =>
  useMutation({
    mutationFn: (file: string) => answer(api.DELETE('/api/requests/files/{file}', { params: { path: { file } } })),
  });

export function useAsk() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewRequest) => answer<PartnerRequest>(api.POST('/api/requests', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: requestsKey }),
  });
}

/** What one side does to a request that is there. */
export type RequestDo =
  | { deed: 'question'; text: string }
  | { deed: 'clarify'; text: string; files: string[] }
  | { deed: 'answer'; answer: AnswerInput }
  | { deed: 'refuse'; ground: string; text: string }
  | { deed: 'withdraw'; why: string }
  | { deed: 'close'; outcome: Schemas['RequestOutcome']; note: string };

function send(request: PartnerRequest, what: RequestDo): Promise<PartnerRequest> {
  const params = { path: { id: request.line.id }, header: { 'If-Match': `"${request.line.version}"` } };
  switch (what.deed) {
    case 'question':
      return answer<PartnerRequest>(api.POST('/api/requests/{id}/question', { params, body: { text: what.text } }));
    case 'clarify':
      return answer<PartnerRequest>(
        api.POST('/api/requests/{id}/clarify', { params, body: { text: what.text, files: what.files } }),
      );
    case 'answer':
      return answer<PartnerRequest>(api.POST('/api/requests/{id}/answer', { params, body: what.answer }));
    case 'refuse':
      return answer<PartnerRequest>(
        api.POST('/api/requests/{id}/refuse', { params, body: { ground: what.ground, text: what.text } }),
      );
    case 'withdraw':
      return answer<PartnerRequest>(api.POST('/api/requests/{id}/withdraw', { params, body: { why: what.why } }));
    case 'close':
      return answer<PartnerRequest>(
        api.POST('/api/requests/{id}/close', { params, body: { outcome: what.outcome, note: what.note } }),
      );
  }
}

export function useDo() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ request, what }: { request: PartnerRequest; what: RequestDo }) => send(request, what),
    onSuccess: (changed) => client.setQueryData([...requestsKey, 'one', changed.line.id], changed),
    onSettled: () => client.invalidateQueries({ queryKey: requestsKey }),
  });
}
