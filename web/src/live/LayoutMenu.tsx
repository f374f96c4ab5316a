import { Button, Menu } from '@mantine/core';
import {
  IconChevronDown,
  IconDeviceDesktopUp,
  IconEdit,
  IconLayoutGrid,
  IconLayoutGridAdd,
  IconLink,
  IconPlayerPlay,
  IconRoute,
  IconSitemap,
  IconUsers,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Camera, SavedLayout, Tour } from '../api/types';
import { go, setQuery } from '../shell/route';
import { bySite } from '../sites/sites';
import { toast } from '../shell/toast';

interface Props {
  layouts: readonly SavedLayout[];
  tours: readonly Tour[];
  saved: SavedLayout | null;
  tour: Tour | null;
  /** Cameras of sites. */
  far: readonly Camera[];
  /** Name of the one whose cameras are on the wall; null: it is none's. */
  site: string | null;
}

/** What is on the wall: all cameras, a kept layout, a tour; and what can be done with it. */
export function LayoutMenu({ layouts, tours, saved, tour, far, site }: Props) {
  const { t } = useTranslation();
  const shared = <IconUsers size={14} className="dim" aria-label={t('wall.shared')} role="img" />;
  const chosen = saved ?? tour;
  return (
    <Menu position="bottom-start" width={300}>
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          className="layout-menu"
          data-layouts
          leftSection={tour ? <IconRoute size={16} /> : <IconLayoutGrid size={16} />}
          rightSection={<IconChevronDown size={14} />}
        >
          <bdi>{chosen?.name ?? site ?? t('wall.all')}</bdi>
        </Button>
      </Menu.Target>
      <Menu.Dropdown className="layout-menu-list">
        <Menu.Item leftSection={<IconLayoutGrid size={16} />} onClick={() => go('/live')}>
          {t('wall.all')}
        </Menu.Item>
        {far.length > 0 && <Menu.Label>{t('sites.title')}</Menu.Label>}
        {bySite(far).map(({ id, name }) => (
          <Menu.Item
            key={id}
            leftSection={<IconSitemap size={16} />}
            data-site-wall={id}
            onClick={() => go(`/live?site=${encodeURIComponent(id)}`)}
          >
            <bdi>{name}</bdi>
          </Menu.Item>
        ))}
        {layouts.length > 0 && <Menu.Label>{t('wall.layouts')}</Menu.Label>}
        {layouts.map((layout) => (
          <Menu.Item
            key={layout.id}
            fw={layout.id === saved?.id ? 700 : 400}
            data-layout={layout.id}
            rightSection={layout.shared && shared}
            onClick={() => go(`/live?saved=${layout.id}`)}
          >
            <bdi>{layout.name}</bdi>
          </Menu.Item>
        ))}
        {tours.length > 0 && <Menu.Label>{t('wall.tours')}</Menu.Label>}
        {tours.map((each) => (
          <Menu.Item
            key={each.id}
            fw={each.id === tour?.id ? 700 : 400}
            data-tour={each.id}
            leftSection={<IconPlayerPlay size={16} className="flip" />}
            rightSection={each.shared && shared}
            onClick={() => go(`/live?tour=${each.id}`)}
          >
            <bdi>{each.name}</bdi>
          </Menu.Item>
        ))}
        <Menu.Divider />
        {chosen?.mayChange && (
          <Menu.Item
            leftSection={<IconEdit size={16} />}
            onClick={() => setQuery({ edit: saved ? 'layout' : 'tour', camera: null }, { replace: false })}
          >
            {t('wall.change', { name: chosen.name })}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<IconLayoutGridAdd size={16} />}
          onClick={() => setQuery({ edit: 'new-layout', camera: null }, { replace: false })}
        >
          {t('wall.newLayout')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconRoute size={16} />}
          onClick={() => setQuery({ edit: 'new-tour', camera: null }, { replace: false })}
        >
          {t('wall.newTour')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconDeviceDesktopUp size={16} />} onClick={() => openScreen(t('wall.noWindow'))}>
          {t('wall.secondScreen')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLink size={16} />}
          onClick={() => {
            navigator.clipboard.writeText(location.href).then(
              () => toast(t('wall.linkCopied')),
              () => toast(t('wall.linkNotCopied'), { wrong: true }),
            );
          }}
        >
          {t('wall.copyLink')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** What is on this wall in a window of its own with nothing around it, to be dragged to another screen. */
function openScreen(blocked: string): void {
  const address = new URL(location.href);
  address.searchParams.set('screen', '');
  if (!window.open(address, '_blank', 'popup,width=1280,height=760')) toast(blocked, { wrong: true });
}
