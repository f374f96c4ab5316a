import { whole, zoomed, type Zoom } from '../live/zoom';
import type { ShownBox } from './ObjectTrail';

/** Where a picture of these proportions lies in an element that shows it whole, CSS px. */
export function fit(width: number, height: number, picture: { width: number; height: number }) {
  if (picture.width <= 0 || picture.height <= 0) return { x: 0, y: 0, width, height };
  const scale = Math.min(width / picture.width, height / picture.height);
  const w = picture.width * scale;
  const h = picture.height * scale;
  return { x: (width - w) / 2, y: (height - h) / 2, width: w, height: h };
}

/**
 * Boxes over a picture: thin and neutral, with a dark edge so that they show on snow as well. Colour is for state:
 * amber round what raised something a moment ago. Dashed: this picture didn't show it. They follow a zoom; their lines don't grow with it.
 */
export function drawBoxes(
  canvas: HTMLCanvasElement,
  picture: { width: number; height: number },
  boxes: readonly ShownBox[],
  words: (box: ShownBox) => string,
  raised: (id: number) => boolean,
  zoom: Zoom = whole,
): void {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  canvas.dataset.boxes = String(boxes.length);
  if (boxes.length === 0) return;
  const place = zoomed(fit(width, height, picture), zoom, width, height);
  // Words need room: on the small tiles of a large wall the box says enough.
  const spoken = place.width >= 360;
  context.font = `${place.width >= 900 ? 13 : 11}px system-ui, sans-serif`;
  context.textBaseline = 'bottom';
  for (const shown of boxes) {
    const x = place.x + shown.box[0] * place.width;
    const y = place.y + shown.box[1] * place.height;
    const w = shown.box[2] * place.width;
    const h = shown.box[3] * place.height;
    const state = raised(shown.id);
    context.globalAlpha = shown.opacity * (shown.coasting ? 0.6 : 1);
    context.setLineDash(shown.coasting ? [4, 4] : []);
    context.lineWidth = 3;
    context.strokeStyle = 'rgba(0, 0, 0, 0.55)';
    context.strokeRect(x, y, w, h);
    context.lineWidth = state ? 2 : 1;
    context.strokeStyle = state ? '#f2b33d' : '#e8ebee';
    context.strokeRect(x, y, w, h);
    if (!spoken) continue;
    const text = words(shown);
    const size = context.measureText(text).width;
    const top = Math.max(Math.max(place.y, 0) + 16, y - 2);
    context.fillStyle = 'rgba(0, 0, 0, 0.6)';
    context.fillRect(x - 1, top - 15, size + 8, 15);
    context.fillStyle = state ? '#f2b33d' : '#e8ebee';
    context.fillText(text, x + 3, top - 1);
  }
  context.globalAlpha = 1;
}
