import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

/** The worker's file as a browser runs it, with just what it uses of one. */
function worker(words: unknown) {
  const shown: { title: string; options: Record<string, unknown> }[] = [];
  const opened: string[] = [];
  const handlers = new Map<string, (event: unknown) => void>();
  const self = {
    addEventListener: (kind: string, handler: (event: unknown) => void) => handlers.set(kind, handler),
    registration: {
      showNotification: (title: string, options: Record<string, unknown>) => {
        shown.push({ title, options });
        return Promise.resolve();
      },
    },
  };
  const caches = { open: () => Promise.resolve({ match: () => Promise.resolve(words && { json: () => words }) }) };
  const clients = {
    matchAll: () => Promise.resolve([]),
    openWindow: (place: string) => {
      opened.push(place);
      return Promise.resolve();
    },
  };
  runInContext(readFileSync('public/push-handler.js', 'utf8'), createContext({ self, caches, clients, Intl, Date }));
  const send = async (kind: string, event: object) => {
    let done: Promise<unknown> = Promise.resolve();
    handlers.get(kind)?.({ ...event, waitUntil: (work: Promise<unknown>) => (done = work) });
    await done;
  };
  return { shown, opened, send };
}

const told = {
  occasion: 'raised',
  alarm: '0198f3a2-0000-7000-8000-000000000000',
  kind: 'lineCrossed',
  severity: 'rescue',
  place: 'North gate',
  site: 'Post',
  at: '2026-03-29T12:00:00Z',
};
const words = {
  lang: 'ar',
  dir: 'rtl',
  kind: { lineCrossed: 'عبور خط' },
  severity: { rescue: 'إنقاذ' },
  again: 'مجددًا',
};

describe('a push message', () => {
  it('is shown in the words that the page left, and stays until it is seen when it is urgent', async () => {
    const { shown, send } = worker(words);
    await send('push', { data: { json: () => told } });
    expect(shown[0]?.title).toBe('إنقاذ: عبور خط');
    expect(shown[0]?.options).toMatchObject({ dir: 'rtl', tag: told.alarm, requireInteraction: true, renotify: false });
    expect(shown[0]?.options.body).toContain('North gate');
  });

  it('is shown even when nobody left words, or it can’t be read', async () => {
    const { shown, send } = worker(undefined);
    await send('push', { data: { json: () => ({ ...told, occasion: 'escalated', severity: 'high' }) } });
    await send('push', {
      data: {
        json: () => {
          throw new SyntaxError('no JSON');
        },
      },
    });
    expect(shown[0]?.title).toBe('high: lineCrossed');
    expect(shown[0]?.options).toMatchObject({ renotify: true, requireInteraction: false });
    expect(shown).toHaveLength(2);
  });

  it('opens its alarm', async () => {
    const { opened, send } = worker(words);
    await send('notificationclick', { notification: { close: () => undefined, data: { alarm: told.alarm } } });
    expect(opened).toEqual([`/situation?alarm=${told.alarm}`]);
  });
});
