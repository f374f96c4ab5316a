import { useEffect, useState } from 'react';
import { nodeNow } from './clock';

/** The node's clock, once a second. */
export function useNow(): number {
  const [now, setNow] = useState(nodeNow);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(nodeNow()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
