import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import { pan, pointAt, whole, within, zoomAt, zoomStep, type Zoom } from './zoom';

/** Asked of an element that can be zoomed: `in`, `out` or `whole`, or a movement as fractions of it. */
export type ZoomWish = 'in' | 'out' | 'whole' | { dx: number; dy: number };
const wished = 'atalaya:zoom';

/** Lets an element know what a key asked for; whether there was one. */
export function wishZoom(element: Element | null, wish: ZoomWish): boolean {
  return (
    element !== null &&
    !element.dispatchEvent(new CustomEvent(wished, { detail: wish, cancelable: true, bubbles: true }))
  );
}

/** What a key asks for; arrows, where something lies outside. */
export function zoomKey(key: string, isZoomed: boolean): ZoomWish | null {
  if (key === '+' || key === '=') return 'in';
  if (key === '-' || key === '_') return isZoomed ? 'out' : null;
  if (key === '0') return isZoomed ? 'whole' : null;
  if (!isZoomed) return null;
  return (
    {
      ArrowLeft: { dx: 0.2, dy: 0 },
      ArrowRight: { dx: -0.2, dy: 0 },
      ArrowUp: { dx: 0, dy: 0.2 },
      ArrowDown: { dx: 0, dy: -0.2 },
    }[key] ?? null
  );
}

/** Moved farther than this, a press is no click any more, CSS px. */
const dragPx = 4;
const isOwn = (target: EventTarget | null) =>
  target instanceof Element && target.closest('button, a, input, select, [role=application]') !== null;

/**
 * Digital zoom of what lies in an element: wheel, two fingers, drag, a click that puts a point into the middle, double click back to the whole; keys by
 * {@link wishZoom}.
 * @param wheel when the wheel zooms: not where the page scrolls by it
 * @param of begins anew with another one of these
 */
export function useZoom(frame: RefObject<HTMLElement | null>, wheel: 'always' | 'withCtrl', of: string) {
  const [zoom, setZoom] = useState<Zoom>(whole);
  const [shown, setShown] = useState(of);
  if (shown !== of) {
    setShown(of);
    setZoom(whole);
  }

  // What listeners need to know at once.
  const factor = useRef(1);
  useEffect(() => {
    factor.current = zoom.factor;
  });

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const pointers = new Map<number, { x: number; y: number }>();
    let dragged = false;
    const place = (event: { clientX: number; clientY: number }) => {
      const box = element.getBoundingClientRect();
      return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    };

    const onWheel = (event: WheelEvent) => {
      if (wheel === 'withCtrl' && !event.ctrlKey) return;
      event.preventDefault();
      const { x, y } = place(event);
      setZoom((now) =>
        zoomAt(now, now.factor * Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.002)), x, y),
      );
    };
    const onDown = (event: PointerEvent) => {
      if (event.button !== 0 || isOwn(event.target)) return;
      pointers.set(event.pointerId, place(event));
      if (pointers.size === 1) dragged = false;
    };
    const onMove = (event: PointerEvent) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const at = place(event);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const was = Math.hypot(before.x - other.x, before.y - other.y);
        const is = Math.hypot(at.x - other.x, at.y - other.y);
        dragged = true;
        if (was > 0) setZoom((now) => zoomAt(now, (now.factor * is) / was, (at.x + other.x) / 2, (at.y + other.y) / 2));
      } else {
        if (factor.current === 1) return;
        const far =
          Math.hypot((at.x - before.x) * element.clientWidth, (at.y - before.y) * element.clientHeight) > dragPx;
        if (!dragged && !far) return;
        if (!dragged) element.setPointerCapture(event.pointerId);
        dragged = true;
        setZoom((now) => pan(now, at.x - before.x, at.y - before.y));
      }
      pointers.set(event.pointerId, at);
    };
    const onUp = (event: PointerEvent) => {
      pointers.delete(event.pointerId);
    };
    const onClick = (event: MouseEvent) => {
      // The second one of a double click is no wish of its own.
      if (dragged || factor.current === 1 || event.detail !== 1 || isOwn(event.target)) return;
      const { x, y } = place(event);
      setZoom((now) => {
        const [toX, toY] = pointAt(now, x, y);
        return within({ ...now, x: toX, y: toY });
      });
    };
    const onDoubleClick = (event: MouseEvent) => {
      if (factor.current === 1 || isOwn(event.target)) return;
      event.stopPropagation();
      setZoom(whole);
    };
    const onWish = (event: Event) => {
      const wish = (event as CustomEvent<ZoomWish>).detail;
      event.preventDefault();
      setZoom((now) =>
        wish === 'whole'
          ? whole
          : typeof wish === 'object'
            ? pan(now, wish.dx, wish.dy)
            : zoomAt(now, wish === 'in' ? now.factor * zoomStep : now.factor / zoomStep),
      );
    };

    element.addEventListener('wheel', onWheel, { passive: false });
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    element.addEventListener('click', onClick);
    element.addEventListener('dblclick', onDoubleClick);
    element.addEventListener(wished, onWish);
    return () => {
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
      element.removeEventListener('click', onClick);
      element.removeEventListener('dblclick', onDoubleClick);
      element.removeEventListener(wished, onWish);
    };
  }, [frame, wheel, of]);

  const reset = useCallback(() => setZoom(whole), []);
  return { zoom, reset };
}
