/** Why this browser can't use a passkey here; null: it can. */
export type NoPasskeys = 'address' | 'insecure' | 'browser';

/** WebAuthn wants a domain (Web Authentication Level 3, 5.1.3) over a connection that can be trusted. */
export function whyNoPasskeys(): NoPasskeys | null {
  if (/^(\d+\.){3}\d+$|^\[/.test(location.hostname)) return 'address';
  if (!window.isSecureContext) return 'insecure';
  return typeof PublicKeyCredential === 'function' &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function' &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function'
    ? null
    : 'browser';
}

/** Whoever stands at the page changed their mind, or the browser found no passkey. Nothing went wrong. */
export class Declined extends Error {}

const asked = async (ceremony: Promise<Credential | null>): Promise<unknown> => {
  let made;
  try {
    made = await ceremony;
  } catch (error) {
    if (error instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(error.name)) throw new Declined();
    throw error;
  }
  if (!(made instanceof PublicKeyCredential)) throw new Declined();
  return made.toJSON() as unknown;
};

/** @param options as the node gave them: PublicKeyCredentialCreationOptionsJSON */
export const createPasskey = (options: unknown): Promise<unknown> =>
  asked(
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options as PublicKeyCredentialCreationOptionsJSON),
    }),
  );

/** @param options as the node gave them: PublicKeyCredentialRequestOptionsJSON */
export const showPasskey = (options: unknown): Promise<unknown> =>
  asked(
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON),
    }),
  );
