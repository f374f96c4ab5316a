import {
  IconAdjustmentsHorizontal,
  IconArrowsExchange,
  IconBellCog,
  IconSend,
  IconBriefcase,
  IconDatabase,
  IconDeviceCctv,
  IconEye,
  IconFileExport,
  IconHeartbeat,
  IconLayoutGrid,
  IconMap2,
  IconPackage,
  IconPin,
  IconRulerMeasure,
  IconSettings,
  IconTimelineEvent,
  IconUsers,
  type Icon,
} from '@tabler/icons-react';
import type { ParseKeys } from 'i18next';
import type { Permission } from '../api/types';

export interface Room {
  path: string;
  /** Key of its name in the page's words. */
  words: ParseKeys;
  icon: Icon;
  /** Pressed after `g`. */
  key: string;
  /** Without it there is nothing to see or do there; none: for everybody. */
  needs?: Permission;
}

/** Rooms that stand together behind one symbol of the rail; of several, the others are a row above the room. */
export interface Area {
  words: ParseKeys;
  icon: Icon;
  rooms: readonly Room[];
}

const alone = (room: Room): Area => ({ words: room.words, icon: room.icon, rooms: [room] });

export const areas: readonly Area[] = [
  alone({ path: '/situation', words: 'app.situation', icon: IconMap2, key: 'm', needs: 'viewLive' }),
  alone({ path: '/live', words: 'app.live', icon: IconLayoutGrid, key: 'l', needs: 'viewLive' }),
  alone({ path: '/timeline', words: 'app.timeline', icon: IconTimelineEvent, key: 't', needs: 'viewPast' }),
  {
    words: 'app.incidents',
    icon: IconBriefcase,
    rooms: [
      { path: '/incidents', words: 'app.incidents', icon: IconBriefcase, key: 'i', needs: 'manageIncidents' },
      { path: '/handover', words: 'app.handover', icon: IconArrowsExchange, key: 'n', needs: 'viewPast' },
    ],
  },
  {
    words: 'app.evidence',
    icon: IconPackage,
    rooms: [
      { path: '/exports', words: 'app.exports', icon: IconFileExport, key: 'e', needs: 'export' },
      { path: '/holds', words: 'app.holds', icon: IconPin, key: 'h', needs: 'hold' },
    ],
  },
  alone({ path: '/oversight', words: 'oversight.title', icon: IconEye, key: 'v', needs: 'audit' }),
  {
    words: 'app.settings',
    icon: IconSettings,
    rooms: [
      { path: '/settings/cameras', words: 'app.cameras', icon: IconDeviceCctv, key: 'c', needs: 'viewHealth' },
      { path: '/settings/rules', words: 'app.rules', icon: IconRulerMeasure, key: 'r', needs: 'manageRules' },
      { path: '/settings/alarms', words: 'app.alarms', icon: IconBellCog, key: 'a', needs: 'manageAlarms' },
      { path: '/settings/health', words: 'health.title', icon: IconHeartbeat, key: 'w', needs: 'viewHealth' },
      {
        path: '/settings/notifications',
        words: 'app.notifications',
        icon: IconSend,
        key: 'f',
        needs: 'manageAlarms',
      },
      { path: '/settings/storage', words: 'app.storage', icon: IconDatabase, key: 's', needs: 'viewHealth' },
      { path: '/settings/people', words: 'app.people', icon: IconUsers, key: 'p', needs: 'manageUsers' },
      {
        path: '/settings/configuration',
        words: 'app.configuration',
        icon: IconAdjustmentsHorizontal,
        key: 'o',
        needs: 'manageCameras',
      },
    ],
  },
];

export const rooms: readonly Room[] = areas.flatMap((area) => area.rooms);

/** Areas with the rooms that somebody may use; the node decides all the same. */
export const areasFor = (may: (permission: Permission) => boolean): Area[] =>
  areas
    .map((area) => ({ ...area, rooms: area.rooms.filter(({ needs }) => needs === undefined || may(needs)) }))
    .filter((area) => area.rooms.length > 0);
