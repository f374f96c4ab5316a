import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { clampPoint, isOpen, type Point, type Rule } from './types';

/** A hundredth of the picture for an arrow key, a tenth of that with Shift. */
const step = 0.01;
/** Shorter, in fractions of the picture, and a press on it was no line. */
const leastDrawn = 0.03;

interface Props {
  rules: readonly Rule[];
  selected: string | null;
  onSelect: (id: string) => void;
  onChange: (rule: Rule) => void;
}

/**
 * Rules over the picture. The selected one is moved by its points, with pointer, touch or arrow keys; a drag on the
 * picture draws it anew: a line from end to end, a zone from corner to corner.
 */
export function Sketch({ rules, selected, onSelect, onChange }: Props) {
  const { t } = useTranslation();
  const svg = useRef<SVGSVGElement>(null);
  const [from, setFrom] = useState<Point | null>(null);
  const active = rules.find((rule) => rule.id === selected) ?? null;

  const placeOf = (event: PointerEvent): Point => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return [0, 0];
    return clampPoint([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  const draw = (to: Point) => {
    if (!active?.points || from === null) return;
    if (Math.abs(to[0] - from[0]) + Math.abs(to[1] - from[1]) < leastDrawn) return;
    const points: Point[] = isOpen(active.type) ? [from, to] : [from, [to[0], from[1]], to, [from[0], to[1]]];
    onChange({ ...active, points });
  };

  return (
    // Drawing by pointer has its counterpart in the points, which are buttons.
    <svg
      ref={svg}
      className="sketch"
      role="group"
      aria-label={t('rules.sketch')}
      onPointerDown={(event) => {
        if (!active?.points || event.target !== svg.current) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setFrom(placeOf(event));
      }}
      onPointerMove={(event) => from !== null && draw(placeOf(event))}
      onPointerUp={(event) => {
        if (from !== null) draw(placeOf(event));
        setFrom(null);
      }}
      onPointerCancel={() => setFrom(null)}
    >
      {rules.map((rule) => (
        <Shape key={rule.id} rule={rule} active={rule.id === selected} onSelect={() => onSelect(rule.id)} />
      ))}
      {active?.points && (
        <Points
          points={active.points}
          least={isOpen(active.type) ? 2 : 3}
          closed={!isOpen(active.type)}
          placeOf={placeOf}
          onChange={(points) => onChange({ ...active, points })}
        />
      )}
      {active?.way && (
        <Points
          points={active.way}
          least={2}
          fixed
          placeOf={placeOf}
          onChange={(way) => onChange({ ...active, way })}
        />
      )}
    </svg>
  );
}

const percent = (value: number) => `${value * 100}%`;

function Shape({ rule, active, onSelect }: { rule: Rule; active: boolean; onSelect: () => void }) {
  const points = rule.points ?? [];
  const edges = points
    .map((point, index) => [point, points[index + 1] ?? (isOpen(rule.type) ? null : points[0])] as const)
    .filter((edge): edge is readonly [Point, Point] => edge[1] !== null && edge[1] !== undefined);
  const className = ['shape', active && 'active', rule.enabled === false && 'off'].filter(Boolean).join(' ');
  return (
    // Selected from the list by keyboard; here by pointer.
    <g className={className} data-rule={rule.id} onPointerDown={active ? undefined : onSelect}>
      {!isOpen(rule.type) && points.length >= 3 && (
        <svg viewBox="0 0 1 1" preserveAspectRatio="none" width="100%" height="100%" pointerEvents="none">
          <polygon points={points.map(([x, y]) => `${x},${y}`).join(' ')} />
        </svg>
      )}
      {edges.map(([a, b], index) => (
        <g key={index}>
          <line className="under" x1={percent(a[0])} y1={percent(a[1])} x2={percent(b[0])} y2={percent(b[1])} />
          <line x1={percent(a[0])} y1={percent(a[1])} x2={percent(b[0])} y2={percent(b[1])} />
        </g>
      ))}
      {rule.type === 'line' && points.length >= 2 && <Directions rule={rule} />}
      {rule.way?.[0] && rule.way[1] && <Arrow from={rule.way[0]} to={rule.way[1]} />}
    </g>
  );
}

/** Which way across: an arrow in the middle of the line, to its right or left as one walks along it, or both. */
function Directions({ rule }: { rule: Rule }) {
  const points = rule.points ?? [];
  const middle = Math.floor((points.length - 1) / 2);
  const a = points[middle];
  const b = points[middle + 1];
  if (!a || !b) return null;
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const centre: Point = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  // The picture's y goes down: to the right of (1, 0) is (0, 1).
  const right: Point = [(-(b[1] - a[1]) / length) * 0.09, ((b[0] - a[0]) / length) * 0.09];
  const to = (sign: number): Point => [centre[0] + right[0] * sign, centre[1] + right[1] * sign];
  const direction = rule.direction ?? 'both';
  return (
    <>
      {direction !== 'rightToLeft' && <Arrow from={centre} to={to(1)} />}
      {direction !== 'leftToRight' && <Arrow from={centre} to={to(-1)} />}
    </>
  );
}

function Arrow({ from, to }: { from: Point; to: Point }) {
  const angle = (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI;
  return (
    <g className="arrow">
      <line className="under" x1={percent(from[0])} y1={percent(from[1])} x2={percent(to[0])} y2={percent(to[1])} />
      <line x1={percent(from[0])} y1={percent(from[1])} x2={percent(to[0])} y2={percent(to[1])} />
      <svg x={percent(to[0])} y={percent(to[1])} overflow="visible">
        <path d="M 6 0 L -6 -6 L -6 6 z" transform={`rotate(${angle})`} />
      </svg>
    </g>
  );
}

/** Points that can be moved, added and taken away, with pointer or keys. */
export function Points(props: {
  points: readonly Point[];
  least: number;
  closed?: boolean;
  fixed?: boolean;
  placeOf: (event: PointerEvent) => Point;
  onChange: (points: Point[]) => void;
}) {
  const { points, least, closed = false, fixed = false, placeOf, onChange } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const [held, setHeld] = useState<number | null>(null);
  const move = (index: number, to: Point) =>
    onChange(points.map((point, at) => (at === index ? clampPoint(to) : point)));
  const insert = (index: number, point: Point) =>
    onChange([...points.slice(0, index + 1), clampPoint(point), ...points.slice(index + 1)]);
  const onKey = (event: KeyboardEvent, index: number) => {
    const [x, y] = points[index] as Point;
    const by = event.shiftKey ? step / 10 : step;
    const way: Record<string, Point> = {
      ArrowLeft: [x - by, y],
      ArrowRight: [x + by, y],
      ArrowUp: [x, y - by],
      ArrowDown: [x, y + by],
    };
    const to = way[event.key];
    if (to) move(index, to);
    else if ((event.key === 'Delete' || event.key === 'Backspace') && !fixed && points.length > least)
      onChange(points.filter((_, at) => at !== index));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      {!fixed &&
        points.map((point, index) => {
          const next = points[index + 1] ?? (closed ? points[0] : undefined);
          if (!next) return null;
          const middle: Point = [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2];
          const label = t('rules.addPoint');
          return (
            <circle
              key={`between ${index}`}
              className="between"
              cx={percent(middle[0])}
              cy={percent(middle[1])}
              r={6}
              role="button"
              tabIndex={0}
              aria-label={label}
              onClick={() => insert(index, middle)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                insert(index, middle);
              }}
            />
          );
        })}
      {points.map((point, index) => (
        <circle
          key={index}
          className={held === index ? 'point held' : 'point'}
          data-point={index}
          cx={percent(point[0])}
          cy={percent(point[1])}
          r={9}
          role="button"
          tabIndex={0}
          aria-label={t('rules.point', {
            number: format.number(index + 1),
            x: format.number(Math.round(point[0] * 100)),
            y: format.number(Math.round(point[1] * 100)),
          })}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            event.currentTarget.focus();
            setHeld(index);
          }}
          onPointerMove={(event) => held === index && move(index, placeOf(event))}
          onPointerUp={() => setHeld(null)}
          onPointerCancel={() => setHeld(null)}
          onKeyDown={(event) => onKey(event, index)}
        />
      ))}
    </>
  );
}
