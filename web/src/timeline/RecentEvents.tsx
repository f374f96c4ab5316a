import { Button, Popover, Skeleton } from '@mantine/core';
import { IconTriangleFilled } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AlarmWords } from '../alarms/AlarmWords';
import { nodeNow } from '../api/clock';
import { useRecentEvents } from '../api/queries';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';

/** What happened lately in front of the cameras; a row opens the moment, ten seconds before it. */
export function RecentEvents(props: { names: Map<string, string>; onOpen: (camera: string, ms: number) => void }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="top-start" trapFocus returnFocus width={360}>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<IconTriangleFilled size={10} />}
          onClick={() => setOpened(!opened)}
        >
          {t('scene.recent')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={4}>
        <List
          {...props}
          onOpen={(camera, ms) => {
            setOpened(false);
            props.onOpen(camera, ms);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function List({ names, onOpen }: { names: Map<string, string>; onOpen: (camera: string, ms: number) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const recent = useRecentEvents();
  if (recent.isError) {
    return (
      <p className="red" role="alert">
        <Why error={recent.error} />
      </p>
    );
  }
  if (!recent.data) return <Skeleton height={120} />;
  if (recent.data.events.length === 0) return <p className="dim events-none">{t('scene.none')}</p>;
  return (
    <ul className="events" aria-label={t('scene.recent')}>
      {recent.data.events.map((event) => {
        const at = Date.parse(event.at);
        return (
          <li key={event.id}>
            <button type="button" className="event" data-event={event.id} onClick={() => onOpen(event.camera, at)}>
              <IconTriangleFilled size={10} aria-hidden className="mark" />
              <span>
                <strong>{t(`scene.kind.${event.kind}`)}</strong>
                {event.class !== null && ` · ${t(`scene.class.${event.class}`)}`}
                <span className="dim small">
                  <bdi>{names.get(event.camera) ?? event.camera}</bdi>
                  {event.detail !== '' && (
                    <>
                      {' · '}
                      <AlarmWords {...event} />
                    </>
                  )}
                </span>
              </span>
              <time dateTime={event.at} title={format.dateTime(at)} className="dim small">
                {format.relative(at, nodeNow())}
              </time>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
