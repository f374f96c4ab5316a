import { ActionIcon, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';

/** A button that works while it is held, by pointer or by key. */
export function Hold(props: { label: string; className?: string; onHold: (on: boolean) => void; children: ReactNode }) {
  const { label, className, onHold, children } = props;
  return (
    <Tooltip label={label}>
      <ActionIcon
        className={className}
        aria-label={label}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          onHold(true);
        }}
        onPointerUp={() => onHold(false)}
        onPointerCancel={() => onHold(false)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          if (!event.repeat) onHold(true);
        }}
        onKeyUp={() => onHold(false)}
        onBlur={() => onHold(false)}
        onDoubleClick={(event) => event.stopPropagation()}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
