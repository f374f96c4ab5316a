import { useEffect, useState } from 'react';
import { useEventsConnected } from '../api/events';

const everyMs = 3_600_000;

/** Keeps the page that says so at hand for when the node is away. Nothing else: see public/sw.js. */
export function keepAwayPage(): void {
  // A browser that keeps nothing, or doesn't trust the node's certificate, shows its own page instead.
  if (import.meta.env.PROD && 'serviceWorker' in navigator) {
    window.addEventListener('load', () => {
      navigator.serviceWorker.register('/sw.js').catch(() => undefined);
    });
  }
}

/** Whether a page at `/` is another than the one that runs: its script has its content's digest in its name. */
export const isOther = (own: string | null, front: string): boolean =>
  own !== null && front.includes('<script') && !front.includes(own);

/** Whether the node has a newer page than this one. It is told and never loaded unasked: somebody may be writing, or watching. */
export function useNewerPage(): boolean {
  const connected = useEventsConnected();
  const [newer, setNewer] = useState(false);
  useEffect(() => {
    // A node that was away may come back as a newer one.
    if (newer || connected !== true) return;
    const own = document.querySelector('script[type="module"][src^="/assets/"]')?.getAttribute('src') ?? null;
    const ask = () => {
      void fetch('/', { cache: 'no-store' })
        .then(async (answer) => {
          if (answer.ok && isOther(own, await answer.text())) setNewer(true);
        })
        .catch(() => undefined);
    };
    ask();
    const timer = window.setInterval(ask, everyMs);
    return () => window.clearInterval(timer);
  }, [newer, connected]);
  useEffect(() => {
    // A room of the old page that the node has no more.
    const lost = () => setNewer(true);
    window.addEventListener('vite:preloadError', lost);
    return () => window.removeEventListener('vite:preloadError', lost);
  }, []);
  return newer;
}
