import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type Link = Schemas['Link'];
export type Invitation = Schemas['Invitation'];
export type LinkKind = Schemas['LinkKind'];

const keys = { all: ['links'], list: ['links', 'list'], invitations: ['links', 'invitations'] } as const;

export const useLinks = () =>
  useQuery({
    queryKey: keys.list,
    queryFn: () => answer<Link[]>(api.GET('/api/links')),
    // The other side comes and goes, and nothing else tells.
    refetchInterval: 5_000,
  });

export const useOwnCard = () =>
  useQuery({ queryKey: ['links', 'self'], queryFn: () => answer(api.GET('/api/links/self')), retry: false });

export const useInvitations = (enabled: boolean) =>
  useQuery({
    queryKey: keys.invitations,
    queryFn: () => answer<Invitation[]>(api.GET('/api/links/invitations')),
    enabled,
  });

export const useRefusals = () =>
  useQuery({
    queryKey: ['links', 'refusals'],
    queryFn: () => answer(api.GET('/api/links/refusals')),
    refetchInterval: 15_000,
  });

export const useLinkFaults = () =>
  useQuery({
    queryKey: ['links', 'faults'],
    queryFn: () => answer(api.GET('/api/links/faults')),
    refetchInterval: 15_000,
  });

export function useInvite() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { kind: LinkKind; note: string }) =>
      answer<Invitation>(api.POST('/api/links/invitations', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.invitations }),
  });
}

export function useWithdrawInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(api.DELETE('/api/links/invitations/{id}', { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.invitations }),
  });
}

export function useJoin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { code: string; kind: LinkKind }) => answer<Link>(api.POST('/api/links/join', { body })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.all }),
  });
}

export type LinkAct = { id: string } & (
  { act: 'confirm'; digits: string } | { act: 'suspend' | 'end'; why: string } | { act: 'resume' }
);

export function useLinkAct() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: LinkAct) => {
      const params = { path: { id: act.id } };
      switch (act.act) {
        case 'confirm':
          return answer<Link>(api.POST('/api/links/{id}/confirm', { params, body: { digits: act.digits } }));
        case 'suspend':
          return answer<Link>(api.POST('/api/links/{id}/suspend', { params, body: { why: act.why } }));
        case 'end':
          return answer<Link>(api.POST('/api/links/{id}/end', { params, body: { why: act.why } }));
        case 'resume':
          return answer<Link>(api.POST('/api/links/{id}/resume', { params }));
      }
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.all }),
  });
}
