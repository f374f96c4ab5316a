import { useLayoutEffect, useRef, type ReactNode } from 'react';

/** As the style sheet has it at least, px. */
const tipWidth = 214;

interface Props {
  /** Of the window, px: asked after every render. */
  place: () => { x: number; y: number } | null;
  /** Px above it. */
  above: number;
  children: ReactNode;
}

/**
 * What is told of an instant, over its place: above, where neither a finger nor the edge of the window covers it, and over the edges of the strips.
 * Time runs from left to right in every language, so sides are left and right.
 */
export function StripTip({ place, above, children }: Props) {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const at = place();
    if (!tip.current || !at) return;
    const width = Math.max(tipWidth, tip.current.offsetWidth);
    tip.current.style.left = `${Math.max(8, Math.min(at.x - width / 2, innerWidth - width - 8))}px`;
    tip.current.style.bottom = `${innerHeight - at.y + above}px`;
  });
  return (
    <div ref={tip} className="strip-tip">
      {children}
    </div>
  );
}
