import { ActionIcon, Button, Chip, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { usePreferences } from '../../i18n/preferences';
import { weekdays, type Stretch } from './policy';

interface Props {
  windows: readonly Stretch[];
  /** Said where there are none. */
  none: string;
  /** Without days of the week: those are known. */
  plain?: boolean;
  error?: string | undefined;
  onChange: (windows: Stretch[]) => void;
}

/** Stretches of the day, on some days of the week. */
export function Hours({ windows, none, plain = false, error, onChange }: Props) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const names = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
  const change = (at: number, patch: Partial<Stretch>) =>
    onChange(windows.map((window, index) => (index === at ? { ...window, ...patch } : window)));
  return (
    <div className="hours">
      {windows.length === 0 && <p className="dim small">{none}</p>}
      {windows.map((window, at) => (
        <div key={at} className="window">
          {!plain && (
            <Chip.Group multiple value={window.days} onChange={(value) => change(at, { days: value })}>
              <div className="chips">
                {weekdays.map((day, index) => (
                  // 2024 began on a Monday.
                  <Chip key={day} size="xs" value={day}>
                    {names.format(Date.UTC(2024, 0, 1 + index))}
                  </Chip>
                ))}
              </div>
            </Chip.Group>
          )}
          <div className="window-times">
            <TextInput
              type="time"
              size="xs"
              aria-label={t('rules.from')}
              value={window.from.slice(0, 5)}
              onChange={(event) => event.currentTarget.value && change(at, { from: `${event.currentTarget.value}:00` })}
            />
            <span aria-hidden>–</span>
            <TextInput
              type="time"
              size="xs"
              aria-label={t('rules.to')}
              value={window.to.slice(0, 5)}
              onChange={(event) => event.currentTarget.value && change(at, { to: `${event.currentTarget.value}:00` })}
            />
            <ActionIcon
              aria-label={t('rules.removeHours')}
              onClick={() => onChange(windows.filter((_, index) => index !== at))}
            >
              <IconX size={16} />
            </ActionIcon>
          </div>
        </div>
      ))}
      {error !== undefined && (
        <p className="red small" role="alert">
          <bdi lang="en">{error}</bdi>
        </p>
      )}
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => onChange([...windows, { days: [], from: '20:00:00', to: '06:00:00' }])}
      >
        {t('alarmPolicy.addHours')}
      </Button>
    </div>
  );
}
