import { useMasks } from '../api/queries';

/** Where a camera's masks are, over its picture: what is drawn there is watched by analysis and seen by nobody. */
export function MaskOutlines({ camera, hidden = false }: { camera: string; hidden?: boolean }) {
  const masks = useMasks(camera);
  if (hidden || !masks.data || masks.data.masks.length === 0) return null;
  return (
    <svg
      className="mask-outlines"
      viewBox="0 0 1 1"
      preserveAspectRatio="none"
      aria-hidden
      data-masks={masks.data.version}
    >
      {masks.data.masks.map((mask) => (
        <polygon key={mask.id} points={mask.points.map(([x, y]) => `${x},${y}`).join(' ')} />
      ))}
    </svg>
  );
}
