import { Button, Popover, TextInput } from '@mantine/core';
import { IconCalendarTime } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { nodeNow } from '../api/clock';
import type { Format } from '../i18n/format';
import { Zone } from './zone';

/** The time of the picture; a press asks for another, on the site's clock. */
export function GoTo(props: {
  opened: boolean;
  setOpened: (opened: boolean) => void;
  at: number;
  format: Format;
  onGo: (ms: number) => void;
}) {
  const { opened, setOpened, at, format, onGo } = props;
  const { t } = useTranslation();
  const zone = useMemo(() => new Zone(format.timeZone), [format.timeZone]);
  const [text, setText] = useState<string | null>(null);
  const value = text ?? zone.toLocalText(at);
  return (
    <Popover
      opened={opened}
      onChange={(next) => {
        setOpened(next);
        setText(null);
      }}
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Button
          className="transport-clock"
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<IconCalendarTime size={16} />}
          onClick={() => {
            setText(null);
            setOpened(!opened);
          }}
          title={t('timeline.goTo')}
        >
          <span className="visually-hidden">{t('timeline.goTo')}: </span>
          <span className="clock-date">{format.shortDate(at)}</span>
          <bdi dir="ltr">{format.time(at)}</bdi>
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className="form-line"
          onSubmit={(event) => {
            event.preventDefault();
            const ms = zone.fromLocalText(value);
            if (ms === null) return;
            setOpened(false);
            onGo(Math.min(ms, nodeNow()));
          }}
        >
          <TextInput
            type="datetime-local"
            step={1}
            label={`${t('timeline.goTo')} (${format.timeZone})`}
            value={value}
            onChange={(event) => setText(event.currentTarget.value)}
            data-autofocus
          />
          <Button type="submit">{t('timeline.goToDo')}</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
