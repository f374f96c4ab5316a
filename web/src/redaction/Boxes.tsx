import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { RedactionPlan, RedactionThing } from '../api/types';
import { boxAt, deedOf, isThere, sound, type Box } from './plan';

/** A hundredth of the picture for an arrow key, a tenth of that with Shift. */
const coarse = 0.01;
const fine = 0.001;
/** Shorter, in fractions of the picture, and a press was no drawing. */
const leastDrawn = 0.015;

interface Props {
  plan: RedactionPlan;
  now: number;
  selected: string | null;
  drawing: boolean;
  readOnly: boolean;
  onSelect: (id: string) => void;
  onBox: (thing: RedactionThing, box: Box) => void;
  onDraw: (box: Box) => void;
}

interface Drag {
  id: string;
  what: 'move' | 'size';
  from: readonly [number, number];
  box: Box;
  to: Box;
}

/**
 * What is covered, over the picture. Each box is a button; the selected one is moved by dragging or by arrow keys, and its
 * corner, another button, makes it larger or smaller.
 */
export function Boxes({ plan, now, selected, drawing, readOnly, onSelect, onBox, onDraw }: Props) {
  const { t } = useTranslation();
  const layer = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null);
  const [corner, setCorner] = useState<readonly [number, number] | null>(null);
  const [sketch, setSketch] = useState<Box | null>(null);

  const placeOf = (event: PointerEvent): readonly [number, number] => {
    const area = layer.current?.getBoundingClientRect();
    if (!area || area.width === 0) return [0, 0];
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
  };
  const changed = ({ what, from, box }: Drag, [x, y]: readonly [number, number]): Box => {
    const [dx, dy] = [x - from[0], y - from[1]];
    return sound(what === 'move' ? { ...box, x: box.x + dx, y: box.y + dy } : { ...box, w: box.w + dx, h: box.h + dy });
  };
  const begin = (event: PointerEvent, thing: RedactionThing, what: Drag['what']) => {
    onSelect(thing.id);
    if (readOnly || event.button !== 0) return;
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = boxAt(thing, now);
    setDrag({ id: thing.id, what, from: placeOf(event), box, to: box });
  };
  const move = (event: PointerEvent) => drag && setDrag({ ...drag, to: changed(drag, placeOf(event)) });
  const end = (thing: RedactionThing) => {
    if (drag?.id === thing.id && drag.to !== drag.box) onBox(thing, drag.to);
    setDrag(null);
  };
  const press = (event: KeyboardEvent, thing: RedactionThing, what: Drag['what']) => {
    const by = event.shiftKey ? fine : coarse;
    const [dx, dy] =
      event.key === 'ArrowLeft'
        ? [-by, 0]
        : event.key === 'ArrowRight'
          ? [by, 0]
          : event.key === 'ArrowUp'
            ? [0, -by]
            : event.key === 'ArrowDown'
              ? [0, by]
              : [0, 0];
    if ((dx === 0 && dy === 0) || readOnly) return;
    event.preventDefault();
    event.stopPropagation();
    const box = boxAt(thing, now);
    onBox(thing, what === 'move' ? { ...box, x: box.x + dx, y: box.y + dy } : { ...box, w: box.w + dx, h: box.h + dy });
  };

  const there = plan.things.filter((thing) => isThere(thing, now));
  return (
    // Drawing by pointer has its counterpart in a button that puts an area into the middle.
    <div
      ref={layer}
      className="redact-boxes"
      data-drawing={drawing}
      onPointerDown={(event) => {
        if (!drawing || readOnly || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setCorner(placeOf(event));
      }}
      onPointerMove={(event) => {
        if (!corner) return;
        const [x, y] = placeOf(event);
        setSketch({
          x: Math.min(x, corner[0]),
          y: Math.min(y, corner[1]),
          w: Math.abs(x - corner[0]),
          h: Math.abs(y - corner[1]),
        });
      }}
      onPointerUp={() => {
        if (sketch && sketch.w >= leastDrawn && sketch.h >= leastDrawn) onDraw(sketch);
        setCorner(null);
        setSketch(null);
      }}
      onPointerCancel={() => {
        setCorner(null);
        setSketch(null);
      }}
    >
      {there.map((thing) => {
        const box = drag?.id === thing.id ? drag.to : boxAt(thing, now);
        const name = `${t(`redact.kinds.${thing.kind}`)} ${thing.id}`;
        const active = thing.id === selected;
        return (
          <div
            key={thing.id}
            className="redact-box"
            data-deed={deedOf(thing, plan)}
            data-active={active}
            style={{
              left: `${box.x * 100}%`,
              top: `${box.y * 100}%`,
              width: `${box.w * 100}%`,
              height: `${box.h * 100}%`,
            }}
          >
            <button
              type="button"
              data-box={thing.id}
              className="redact-body"
              aria-pressed={active}
              aria-label={t('redact.boxOf', { name, deed: t(`redact.deeds.${deedOf(thing, plan)}`) })}
              onFocus={() => onSelect(thing.id)}
              onPointerDown={(event) => begin(event, thing, 'move')}
              onPointerMove={move}
              onPointerUp={() => end(thing)}
              onPointerCancel={() => setDrag(null)}
              onKeyDown={(event) => press(event, thing, 'move')}
            />
            {active && !readOnly && (
              <button
                type="button"
                data-box={thing.id}
                className="redact-corner"
                aria-label={t('redact.cornerOf', { name })}
                onPointerDown={(event) => begin(event, thing, 'size')}
                onPointerMove={move}
                onPointerUp={() => end(thing)}
                onPointerCancel={() => setDrag(null)}
                onKeyDown={(event) => press(event, thing, 'size')}
              />
            )}
          </div>
        );
      })}
      {sketch && (
        <div
          className="redact-box"
          data-deed="cover"
          data-active
          style={{
            left: `${sketch.x * 100}%`,
            top: `${sketch.y * 100}%`,
            width: `${sketch.w * 100}%`,
            height: `${sketch.h * 100}%`,
          }}
        />
      )}
    </div>
  );
}
