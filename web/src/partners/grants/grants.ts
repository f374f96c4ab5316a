import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api, socketUrl } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type Share = Schemas['Share'];
export type ShareInput = Schemas['ShareInput'];
export type ShareKind = Schemas['ShareKind'];
export type Decision = Schemas['ShareDecision'];
export type Partner = Schemas['SharePartner'];
export type HandOver = Schemas['Transfer'];
export type HandOverInput = Schemas['TransferInput'];

export const keys = { shares: ['shares'], handOvers: ['handovers'] } as const;

/** Something may still be had under it. */
export const isOpen = (share: Share) => ['asked', 'approved', 'given', 'active'].includes(share.state);

/** Something of it can be shown here now. */
export const canSee = (share: Share) =>
  !share.ours && (share.card !== null || share.file === 'here' || (share.what === 'live' && isOpen(share)));

/** What either side stated, each kind once: a view that is opened often is stated often. */
export function stepsOf(share: Share) {
  const steps = new Map<Share['documents'][number]['act'], { count: number; last: string }>();
  for (const { act, at } of share.documents) steps.set(act, { count: (steps.get(act)?.count ?? 0) + 1, last: at });
  return [...steps].map(([act, step]) => ({ act, ...step }));
}

/** The other side acts at any time, and nothing else tells. */
const often = 3_000;

export const useShares = () =>
  useQuery({
    queryKey: keys.shares,
    queryFn: () => answer<Schemas['Shares']>(api.GET('/api/shares')),
    refetchInterval: often,
  });

export const usePartners = () =>
  useQuery({
    queryKey: ['shares', 'partners'],
    queryFn: () => answer<Partner[]>(api.GET('/api/shares/partners')),
  });

/** What a grant is for: the agreement's name of it in the page's language, and the case. A hand-over's case is its incident, which its title names. */
export function usePurpose(): (share: Share) => string {
  const { i18n } = useTranslation();
  const partners = usePartners();
  return (share) => {
    const terms = partners.data?.find(({ link }) => link === share.link)?.purposes ?? [];
    const names = terms.find(({ id }) => id === share.purpose)?.names;
    const name = names?.[i18n.language] ?? names?.en ?? share.purpose;
    return [name, share.reference === share.incident ? '' : share.reference].filter(Boolean).join(' · ');
  };
}

export const useHandOvers = () =>
  useQuery({
    queryKey: keys.handOvers,
    queryFn: () => answer<HandOver[]>(api.GET('/api/handovers')),
    refetchInterval: often,
  });

/** Does something with grants or hand-overs, and reads both again. */
function useAct<T>(act: (input: T) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.shares }),
        client.invalidateQueries({ queryKey: keys.handOvers }),
      ]),
  });
}

const at = (id: string) => ({ params: { path: { id } } });

export const useGive = () => useAct((body: ShareInput) => answer(api.POST('/api/shares', { body })));

export const useCheck = () =>
  useMutation({ mutationFn: (body: ShareInput) => answer<Decision>(api.POST('/api/shares/check', { body })) });

export const useRevoke = () =>
  useAct(({ id, reason }: { id: string; reason: string }) =>
    answer(api.POST('/api/shares/{id}/revoke', { ...at(id), body: { reason } })),
  );

export const useReview = () =>
  useAct(({ id, right, note }: { id: string; right: boolean; note: string }) =>
    answer(api.POST('/api/shares/{id}/review', { ...at(id), body: { right, note } })),
  );

export const useDelete = () => useAct((id: string) => answer(api.DELETE('/api/shares/{id}/content', at(id))));

export const useHandOver = () => useAct((body: HandOverInput) => answer(api.POST('/api/handovers', { body })));

export const useAcknowledge = () => useAct((id: string) => answer(api.POST('/api/handovers/{id}/acknowledge', at(id))));

export const useClose = () =>
  useAct(({ id, outcome, note }: { id: string; outcome: Schemas['AlarmOutcome']; note: string }) =>
    answer(api.POST('/api/handovers/{id}/close', { ...at(id), body: { outcome, note } })),
  );

export const fileUrl = (id: string): string => `/api/shares/${encodeURIComponent(id)}/file`;
export const liveUrl = (id: string): string => socketUrl(`/api/shares/${encodeURIComponent(id)}/live`);
export const papersUrl = (link: string): string => `/api/shares/papers?link=${encodeURIComponent(link)}`;
export const capUrl = (id: string): string => `/api/handovers/${encodeURIComponent(id)}/cap`;
