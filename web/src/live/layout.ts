/** Tiles of a wall in one size: the automatic ones. */
export const layouts = [1, 4, 9, 16, 25] as const;
/** With a large tile: five small ones beside and under it, or seven. */
export const mixedLayouts = [6, 8] as const;
/** In the order in which they are offered. */
export const sizes = [...layouts, ...mixedLayouts] as const;
export type Layout = (typeof sizes)[number];

/** The smallest wall that shows every camera; the largest, in pages, beyond that. */
export const autoLayout = (cameras: number): Layout => layouts.find((count) => count >= cameras) ?? 25;

export const asLayout = (count: number): Layout | null => sizes.find((size) => size === count) ?? null;

export const readLayout = (text: string | null, cameras: number): Layout =>
  asLayout(Number(text)) ?? autoLayout(cameras);

/** Columns and rows that the first tile takes. */
export const largeSpan = (layout: Layout): number => (layout === 6 ? 2 : layout === 8 ? 3 : 1);

/** Columns of the grid; a narrow, tall screen gets fewer, and scrolls. */
export function columnsOf(layout: Layout, portrait: boolean): number {
  const columns = layout === 6 ? 3 : layout === 8 ? 4 : Math.sqrt(layout);
  return portrait ? Math.min(columns, layout <= 4 ? 1 : 2) : columns;
}

/** Rows that the tiles need: a wall of five cameras leaves no row empty. */
export const rowsOf = (columns: number, tiles: number): number =>
  Math.max(1, Math.min(columns, Math.ceil(tiles / columns)));

interface Place {
  row: number;
  column: number;
  span: number;
}

/** Where each tile lies: the first one takes its square, the others fill what is left row by row. */
export function placesOf(count: number, columns: number, span: number): Place[] {
  const places: Place[] = [];
  let cell = 0;
  for (let index = 0; index < count; index++) {
    if (index === 0 && span > 1) {
      places.push({ row: 0, column: 0, span });
      continue;
    }
    while (span > 1 && cell % columns < span && Math.floor(cell / columns) < span) cell++;
    places.push({ row: Math.floor(cell / columns), column: cell % columns, span: 1 });
    cell++;
  }
  return places;
}

/**
 * Where an arrow key leads from a tile: an index, or the same one at the edge. Rows run in reading direction, and go on in the next one.
 * @param span of the first tile
 */
export function moveFocus(at: number, key: string, columns: number, count: number, rtl: boolean, span = 1): number {
  const forward = rtl ? 'ArrowLeft' : 'ArrowRight';
  const backward = rtl ? 'ArrowRight' : 'ArrowLeft';
  const within = (to: number) => (to >= 0 && to < count ? to : at);
  if (key === forward) return within(at + 1);
  if (key === backward) return within(at - 1);
  const places = placesOf(count, columns, span);
  const from = places[at];
  if (!from || (key !== 'ArrowDown' && key !== 'ArrowUp')) return at;
  const row = key === 'ArrowDown' ? from.row + from.span : from.row - 1;
  const to = places.findIndex(
    (place) =>
      row >= place.row &&
      row < place.row + place.span &&
      from.column >= place.column &&
      from.column < place.column + place.span,
  );
  return to < 0 ? at : to;
}
