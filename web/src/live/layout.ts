export const layouts = [1, 4, 9, 16, 25] as const;
export type Layout = (typeof layouts)[number];

/** The smallest wall that shows every camera; the largest, in pages, beyond that. */
export const autoLayout = (cameras: number): Layout => layouts.find((count) => count >= cameras) ?? 25;

export function readLayout(text: string | null, cameras: number): Layout {
  const wanted = Number(text);
  return layouts.find((count) => count === wanted) ?? autoLayout(cameras);
}

/** Columns of the grid; a narrow, tall screen gets fewer, and scrolls. */
export function columnsOf(layout: Layout, portrait: boolean): number {
  const columns = Math.sqrt(layout);
  return portrait ? Math.min(columns, layout <= 4 ? 1 : 2) : columns;
}

/** Rows that the tiles need: a wall of five cameras leaves no row empty. */
export const rowsOf = (columns: number, tiles: number): number =>
  Math.max(1, Math.min(columns, Math.ceil(tiles / columns)));

/** Where an arrow key leads from a tile: an index, or the same one at the edge. Rows run in reading direction. */
export function moveFocus(at: number, key: string, columns: number, count: number, rtl: boolean): number {
  const forward = rtl ? 'ArrowLeft' : 'ArrowRight';
  const backward = rtl ? 'ArrowRight' : 'ArrowLeft';
  const to =
    key === forward
      ? at + 1
      : key === backward
        ? at - 1
        : key === 'ArrowDown'
          ? at + columns
          : key === 'ArrowUp'
            ? at - columns
            : at;
  return to >= 0 && to < count ? to : at;
}
