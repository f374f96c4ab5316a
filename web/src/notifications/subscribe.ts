import type { TFunction } from 'i18next';
import { kinds } from '../alarms/settings/policy';
import { severities } from '../alarms/severity';
import { answer, api } from '../api/client';

export type Support = 'yes' | 'insecure' | 'none' | 'denied';

/** Whether this browser can be told while the page is closed. */
export function support(): Support {
  if (!window.isSecureContext) return 'insecure';
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return 'none';
  return Notification.permission === 'denied' ? 'denied' : 'yes';
}

/** The worker knows no translations: the words it needs are left where it finds them (push-handler.js), in the reader's language. */
export async function keepWords(t: TFunction): Promise<void> {
  const words = {
    lang: document.documentElement.lang,
    dir: document.documentElement.dir === 'rtl' ? 'rtl' : 'ltr',
    test: t('push.test'),
    again: t('push.again'),
    kind: Object.fromEntries(kinds.map((kind) => [kind, t(`scene.kind.${kind}`)])),
    severity: Object.fromEntries(severities.map((severity) => [severity, t(`alarms.severity.${severity}`)])),
  };
  const cache = await caches.open('atalaya-push');
  await cache.put(
    '/push-words',
    new Response(JSON.stringify(words), { headers: { 'Content-Type': 'application/json' } }),
  );
}

/** Asks the browser's push service for an address and gives it to the node. Throws what the browser says when it refuses. */
export async function subscribe(key: string, name: string): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted') throw new Error('denied');
  const worker =
    (await navigator.serviceWorker.getRegistration()) ?? (await navigator.serviceWorker.register('/sw.js'));
  await navigator.serviceWorker.ready;
  // One that was made for another key tells nobody anything.
  await (await worker.pushManager.getSubscription())?.unsubscribe();
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) });
  const { endpoint, keys } = made.toJSON();
  await answer(
    api.POST('/api/push/subscriptions', {
      body: { name, endpoint: endpoint ?? '', p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' },
    }),
  );
}

/** Base64url, as keys are written. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
