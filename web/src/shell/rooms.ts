import {
  IconAdjustmentsHorizontal,
  IconArrowsExchange,
  IconBellCog,
  IconSend,
  IconBriefcase,
  IconContract,
  IconDatabase,
  IconDeviceCctv,
  IconEye,
  IconEyeOff,
  IconEyeSearch,
  IconFileCode,
  IconFileExport,
  IconHeartbeat,
  IconLayoutGrid,
  IconGift,
  IconLink,
  IconListSearch,
  IconMailQuestion,
  IconMap2,
  IconMask,
  IconPackage,
  IconPin,
  IconReportAnalytics,
  IconRulerMeasure,
  IconSettings,
  IconShare,
  IconSignature,
  IconSitemap,
  IconTimelineEvent,
  IconUsers,
  IconUsersGroup,
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
  /** Without it, or without all of several, there is nothing to see or do there; none: for everybody. */
  needs?: Permission | readonly Permission[];
}

/** Rooms that stand together behind one symbol of the rail; of several, the others are a row above the room. */
export interface Area {
  words: ParseKeys;
  icon: Icon;
  rooms: readonly Room[];
}

const alone = (room: Room): Area => ({ words: room.words, icon: room.icon, rooms: [room] });

/** Who cooperates with partners acts there; oversight reads. */
const partners = ['cooperate', 'audit'] as const;

export const areas: readonly Area[] = [
  alone({ path: '/situation', words: 'app.situation', icon: IconMap2, key: 'm', needs: 'viewLive' }),
  alone({ path: '/live', words: 'app.live', icon: IconLayoutGrid, key: 'l', needs: 'viewLive' }),
  alone({ path: '/timeline', words: 'app.timeline', icon: IconTimelineEvent, key: 't', needs: 'viewPast' }),
  {
    words: 'sites.title',
    icon: IconSitemap,
    rooms: [
      { path: '/sites', words: 'sites.title', icon: IconSitemap, key: 'q', needs: 'viewLive' },
      { path: '/sites/templates', words: 'app.templates', icon: IconFileCode, key: '7', needs: 'manageCameras' },
    ],
  },
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
      { path: '/evidence', words: 'packages.room', icon: IconPackage, key: 'b', needs: 'export' },
      { path: '/exports', words: 'app.exports', icon: IconFileExport, key: 'e', needs: 'export' },
      { path: '/redact', words: 'redact.title', icon: IconEyeOff, key: 'z', needs: 'export' },
      { path: '/holds', words: 'app.holds', icon: IconPin, key: 'h', needs: 'hold' },
      { path: '/disclosures', words: 'disclosures.title', icon: IconShare, key: 'd', needs: 'release' },
    ],
  },
  {
    words: 'partners.title',
    icon: IconLink,
    rooms: [
      { path: '/partners', words: 'links.title', icon: IconLink, key: '1', needs: partners },
      { path: '/partners/agreements', words: 'app.agreements', icon: IconContract, key: '2', needs: partners },
      { path: '/partners/requests', words: 'partners.requests', icon: IconMailQuestion, key: '3', needs: partners },
      {
        path: '/partners/operations',
        words: 'partners.operations',
        icon: IconUsersGroup,
        key: '4',
        needs: partners,
      },
      {
        path: '/partners/evaluation',
        words: 'partners.evaluation',
        icon: IconReportAnalytics,
        key: '6',
        needs: partners,
      },
      { path: '/partners/grants', words: 'grants.title', icon: IconGift, key: '5', needs: partners },
    ],
  },
  {
    words: 'oversight.title',
    icon: IconEye,
    rooms: [
      { path: '/oversight', words: 'oversight.title', icon: IconEye, key: 'v', needs: 'audit' },
      { path: '/oversight/accesses', words: 'oversight.accesses', icon: IconEyeSearch, key: 'y', needs: 'audit' },
      { path: '/oversight/records', words: 'oversight.records', icon: IconListSearch, key: 'x', needs: 'audit' },
      { path: '/oversight/log', words: 'oversight.log', icon: IconSignature, key: 'u', needs: 'audit' },
    ],
  },
  {
    words: 'app.settings',
    icon: IconSettings,
    rooms: [
      { path: '/settings/cameras', words: 'app.cameras', icon: IconDeviceCctv, key: 'c', needs: 'viewHealth' },
      { path: '/settings/rules', words: 'app.rules', icon: IconRulerMeasure, key: 'r', needs: 'manageRules' },
      { path: '/settings/masks', words: 'masks.title', icon: IconMask, key: 'k', needs: 'manageCameras' },
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
    .map((area) => ({
      ...area,
      rooms: area.rooms.filter(({ needs }) => needs === undefined || [needs].flat().some((each) => may(each))),
    }))
    .filter((area) => area.rooms.length > 0);
