/** What part of a picture is shown: how many times larger, and the middle of the part as fractions of the element. */
export interface Zoom {
  factor: number;
  x: number;
  y: number;
}

export const whole: Zoom = { factor: 1, x: 0.5, y: 0.5 };
/** Beyond this there are only blocks to be seen. */
export const mostZoom = 8;
export const zoomStep = 1.5;

/** The same, with no more than the element to be seen. */
export function within({ factor, x, y }: Zoom): Zoom {
  const bounded = Math.min(mostZoom, Math.max(1, factor));
  // What is as good as whole is whole: pinching back never ends exactly at one.
  if (bounded < 1.02) return whole;
  const half = 0.5 / bounded;
  const clamp = (value: number) => Math.min(1 - half, Math.max(half, value));
  return { factor: bounded, x: clamp(x), y: clamp(y) };
}

/** Another factor; the point of the picture that is seen at (px, py) of the element stays there. */
export function zoomAt(zoom: Zoom, factor: number, px = 0.5, py = 0.5): Zoom {
  const bounded = Math.min(mostZoom, Math.max(1, factor));
  const [x, y] = pointAt(zoom, px, py);
  return within({ factor: bounded, x: x - (px - 0.5) / bounded, y: y - (py - 0.5) / bounded });
}

/** Which point of the picture is seen at (px, py), all fractions of the element. */
export const pointAt = (zoom: Zoom, px: number, py: number): [x: number, y: number] => [
  zoom.x + (px - 0.5) / zoom.factor,
  zoom.y + (py - 0.5) / zoom.factor,
];

/** The picture moved by fractions of the element, as a hand moves it. */
export const pan = (zoom: Zoom, dx: number, dy: number): Zoom =>
  within({ ...zoom, x: zoom.x - dx / zoom.factor, y: zoom.y - dy / zoom.factor });

/** For an element whose transform has its origin at the left upper corner. */
export function transformOf({ factor, x, y }: Zoom): string | undefined {
  if (factor === 1) return undefined;
  return `translate(${(0.5 - x * factor) * 100}%, ${(0.5 - y * factor) * 100}%) scale(${factor})`;
}

/** The same for a rectangle drawn over the element, in its pixels. */
export function zoomed(
  place: { x: number; y: number; width: number; height: number },
  { factor, x, y }: Zoom,
  width: number,
  height: number,
) {
  return {
    x: place.x * factor + (0.5 - x * factor) * width,
    y: place.y * factor + (0.5 - y * factor) * height,
    width: place.width * factor,
    height: place.height * factor,
  };
}
