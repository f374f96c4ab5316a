import { Button, Menu } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Format } from '../i18n/format';
import { day, spanOf } from './TimeScale';
import type { TimelineView } from './TimelineView';

/** How much time the strips show, to read and to choose. */
export function ZoomMenu({ view, format }: { view: TimelineView; format: Format }) {
  const { t } = useTranslation();
  const span = useSyncExternalStore(view.subscribe, () => Math.round(spanOf(view.scale)));
  const choices = [
    ['timeline.minute', 60_000],
    ['timeline.hour', 3_600_000],
    ['timeline.day', day],
    ['timeline.week', 7 * day],
    ['timeline.month', 30 * day],
  ] as const;
  return (
    <Menu position="top-start">
      <Menu.Target>
        <Button size="compact-sm" variant="subtle" color="gray">
          {t('timeline.span', { duration: format.duration(span) })}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {choices.map(([words, ms]) => (
          <Menu.Item key={words} onClick={() => view.show(view.playhead, ms)}>
            {t(words)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
