import type { Camera, LayoutTile, SavedLayout } from '../api/types';

/** One place of the wall. Its key tells it from the others; a camera keeps its key from wall to wall, and with it its pictures. */
export type Cell =
  | { key: string; kind: 'camera'; camera: Camera }
  | { key: string; kind: 'alarm'; rest: Camera | null; seconds: number | null }
  | { key: string; kind: 'empty' };

export const ofCamera = (camera: Camera): Cell => ({ key: camera.id, kind: 'camera', camera });

/** The places of a kept layout, as many as it has. */
export function ofLayout(layout: SavedLayout, cameras: readonly Camera[]): Cell[] {
  const used = new Set<string>();
  return layout.tiles.map((tile, index): Cell => {
    const camera = cameras.find(({ id }) => id === tile.camera) ?? null;
    if (tile.kind === 'alarm') return { key: `#${index}`, kind: 'alarm', rest: camera, seconds: tile.seconds };
    if (!camera) return { key: `#${index}`, kind: 'empty' };
    const key = used.has(camera.id) ? `${camera.id}#${index}` : camera.id;
    used.add(camera.id);
    return { key, kind: 'camera', camera };
  });
}

/** What is on a wall as a layout has it: where a new one begins. */
export const asTiles = (cells: readonly Cell[]): LayoutTile[] =>
  cells.map((cell) =>
    cell.kind === 'camera'
      ? { kind: 'camera', camera: cell.camera.id, seconds: null }
      : cell.kind === 'alarm'
        ? { kind: 'alarm', camera: cell.rest?.id ?? null, seconds: cell.seconds }
        : { kind: 'empty', camera: null, seconds: null },
  );
