import {
  IconAdjustmentsHorizontal,
  IconArrowsExchange,
  IconBriefcase,
  IconDatabase,
  IconDeviceCctv,
  IconFileExport,
  IconLayoutGrid,
  IconMap2,
  IconPackage,
  IconPin,
  IconRulerMeasure,
  IconSettings,
  IconTimelineEvent,
  type Icon,
} from '@tabler/icons-react';
import type { ParseKeys } from 'i18next';

export interface Room {
  path: string;
  /** Key of its name in the page's words. */
  words: ParseKeys;
  icon: Icon;
  /** Pressed after `g`. */
  key: string;
}

/** Rooms that stand together behind one symbol of the rail; of several, the others are a row above the room. */
export interface Area {
  words: ParseKeys;
  icon: Icon;
  rooms: readonly [Room, ...Room[]];
}

const alone = (room: Room): Area => ({ words: room.words, icon: room.icon, rooms: [room] });

export const areas: readonly Area[] = [
  alone({ path: '/situation', words: 'app.situation', icon: IconMap2, key: 'm' }),
  alone({ path: '/live', words: 'app.live', icon: IconLayoutGrid, key: 'l' }),
  alone({ path: '/timeline', words: 'app.timeline', icon: IconTimelineEvent, key: 't' }),
  {
    words: 'app.incidents',
    icon: IconBriefcase,
    rooms: [
      { path: '/incidents', words: 'app.incidents', icon: IconBriefcase, key: 'i' },
      { path: '/handover', words: 'app.handover', icon: IconArrowsExchange, key: 'o' },
    ],
  },
  {
    words: 'app.evidence',
    icon: IconPackage,
    rooms: [
      { path: '/exports', words: 'app.exports', icon: IconFileExport, key: 'e' },
      { path: '/holds', words: 'app.holds', icon: IconPin, key: 'h' },
    ],
  },
  {
    words: 'app.settings',
    icon: IconSettings,
    rooms: [
      { path: '/settings/cameras', words: 'app.cameras', icon: IconDeviceCctv, key: 'c' },
      { path: '/settings/rules', words: 'app.rules', icon: IconRulerMeasure, key: 'r' },
      { path: '/settings/storage', words: 'app.storage', icon: IconDatabase, key: 's' },
      { path: '/settings/configuration', words: 'app.configuration', icon: IconAdjustmentsHorizontal, key: 'o' },
    ],
  },
];

export const rooms: readonly Room[] = areas.flatMap((area) => area.rooms);
