import { useMutation } from '@tanstack/react-query';
import { answer, api } from '../api/client';
import { Problem } from '../api/problem';

/** Why the node didn't sign somebody in whom the provider sent. */
const refusals = [
  'unreachable',
  'stale',
  'refused',
  'unbelievable',
  'notAllowed',
  'noRole',
  'unknown',
  'notByProvider',
  'somebodyElse',
  'disabled',
] as const;
export type OpenIdRefusal = (typeof refusals)[number];

export const refusalOf = (error: unknown): OpenIdRefusal | undefined =>
  error instanceof Problem ? refusals.find((known) => known === error.extra.reason) : undefined;

/** Sends the browser to the provider; it comes back to `/openid`. */
export const useOpenId = () =>
  useMutation({
    mutationFn: () => answer(api.POST('/api/session/openid')),
    onSuccess: ({ address }) => location.assign(address),
  });

/** What the provider put into the address (RFC 6749, 4.1.2; the issuer by RFC 9207). */
export const answerIn = (search: string) => {
  const query = new URLSearchParams(search);
  return { code: query.get('code'), state: query.get('state'), issuer: query.get('iss') };
};
