import { useMemo } from 'react';
import { usePreferences } from './preferences';

export interface Format {
  locale: string;
  /** IANA name of the site's time zone; every wall clock on the page is in it. */
  timeZone: string;
  time: (ms: number) => string;
  timeMs: (ms: number) => string;
  shortTime: (ms: number) => string;
  date: (ms: number) => string;
  shortDate: (ms: number) => string;
  dateTime: (ms: number) => string;
  zone: (ms: number) => string;
  number: (value: number, digits?: number) => string;
  percent: (value: number) => string;
  bytes: (value: number) => string;
  bitrate: (bitsPerSecond: number) => string;
  duration: (ms: number) => string;
  /** One unit, rounded: for what is only a forecast. */
  about: (ms: number) => string;
  relative: (ms: number, nowMs: number) => string;
  /** Things that stand beside each other, in one line. */
  list: (items: readonly string[]) => string;
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
const rates = ['bit-per-second', 'kilobit-per-second', 'megabit-per-second'] as const;

export function makeFormat(locale: string, timeZone: string): Format {
  const dated = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone, hourCycle: 'h23' });
    return (ms: number) => format.format(ms);
  };
  const unit = (name: string, digits = 0) => {
    const format = new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    });
    return (value: number) => format.format(value);
  };
  const day = unit('day');
  const hour = unit('hour');
  const minute = unit('minute');
  const second = unit('second');
  const tenth = unit('second', 1);
  const inWords = (name: string) => {
    const format = new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: 'long',
      maximumFractionDigits: 0,
    });
    return (value: number) => format.format(value);
  };
  const days = inWords('day');
  const hours = inWords('hour');
  const minutes = inWords('minute');
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  const list = new Intl.ListFormat(locale, { type: 'unit', style: 'short' });
  const zone = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit' };

  const scaled = (value: number, names: readonly string[]) => {
    let index = 0;
    while (value >= 1000 && index < names.length - 1) {
      value /= 1000;
      index++;
    }
    return { value, name: names[index] ?? names[0] ?? 'byte' };
  };

  return {
    locale,
    timeZone,
    time: dated(time),
    timeMs: dated({ ...time, fractionalSecondDigits: 3 }),
    shortTime: dated({ hour: '2-digit', minute: '2-digit' }),
    date: dated({ weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' }),
    shortDate: dated({ weekday: 'short', day: 'numeric', month: 'short' }),
    dateTime: dated({ year: 'numeric', month: 'short', day: 'numeric', ...time }),
    zone: (ms) => zone.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? timeZone,
    number: (value, digits = 0) => (digits > 0 ? tenths : whole).format(value),
    percent: (value) => percent.format(value),
    bytes: (value) => {
      const { value: amount, name } = scaled(value, units);
      return unit(name, amount < 10 ? 1 : 0)(amount);
    },
    bitrate: (value) => {
      const { value: amount, name } = scaled(value, rates);
      return unit(name, amount < 10 ? 1 : 0)(amount);
    },
    duration: (ms) => {
      if (ms < 10_000) return tenth(Math.max(0, ms) / 1000);
      const seconds = Math.round(ms / 1000);
      if (seconds < 60) return second(seconds);
      const parts =
        seconds >= 86_400
          ? [day(Math.floor(seconds / 86_400)), hour(Math.floor((seconds % 86_400) / 3600))]
          : seconds >= 3600
            ? [hour(Math.floor(seconds / 3600)), minute(Math.floor((seconds % 3600) / 60))]
            : [minute(Math.floor(seconds / 60)), second(seconds % 60)];
      return parts.join(' ');
    },
    about: (ms) => {
      if (ms >= 1.95 * 86_400_000) return days(ms / 86_400_000);
      return ms >= 1.95 * 3_600_000 ? hours(ms / 3_600_000) : minutes(Math.max(1, ms / 60_000));
    },
    list: (items) => list.format(items),
    relative: (ms, nowMs) => {
      const seconds = Math.round((ms - nowMs) / 1000);
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(seconds, 'second');
      if (size < 3600) return relative.format(Math.trunc(seconds / 60), 'minute');
      if (size < 86_400) return relative.format(Math.trunc(seconds / 3600), 'hour');
      return relative.format(Math.trunc(seconds / 86_400), 'day');
    },
  };
}

export function useFormat(): Format {
  const { language, digits, timeZone } = usePreferences();
  return useMemo(
    () => makeFormat(language === 'ar' ? `ar-u-nu-${digits}` : language, timeZone),
    [language, digits, timeZone],
  );
}
