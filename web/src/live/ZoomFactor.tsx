import { ActionIcon, Tooltip } from '@mantine/core';
import { IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { wishZoom } from './useZoom';
import { mostZoom, type Zoom } from './zoom';

/** How many times larger a picture is than it was sent; press it for the whole one. Without it nobody could tell a part from the whole. */
export function ZoomFactor({ zoom, onReset }: { zoom: Zoom; onReset: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const box = useRef<HTMLDivElement>(null);
  const wish = (how: 'in' | 'out') => wishZoom(box.current, how);
  if (zoom.factor === 1) return null;
  const factor = format.number(zoom.factor, 1);
  return (
    <div ref={box} className="zoom-tools" role="group" aria-label={t('zoom.title')}>
      <ActionIcon className="tile-tool" aria-label={t('zoom.out')} onClick={() => wish('out')}>
        <IconZoomOut size={18} />
      </ActionIcon>
      <Tooltip label={t('zoom.whole')}>
        <button
          type="button"
          className="zoom-factor"
          aria-label={`${t('zoom.factor', { factor })}. ${t('zoom.whole')}`}
          onClick={onReset}
        >
          <bdi dir="ltr">{factor}×</bdi>
        </button>
      </Tooltip>
      <ActionIcon
        className="tile-tool"
        aria-label={t('zoom.in')}
        disabled={zoom.factor >= mostZoom}
        onClick={() => wish('in')}
      >
        <IconZoomIn size={18} />
      </ActionIcon>
    </div>
  );
}
