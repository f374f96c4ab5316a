import { useTranslation } from 'react-i18next';
import type { IncidentEvent } from '../api/types';
import { useFormat } from '../i18n/format';

interface Props {
  story: readonly IncidentEvent[];
  /** What an item of the checklist says, by its id. */
  item: (id: string) => string;
}

/** Everything that happened to an incident, the newest first: who, when, what. */
export function Story({ story, item }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const who = (by: string) => (by === 'clock' ? t('alarms.clock') : by === 'policy' ? t('incidents.policy') : by);
  return (
    <ol className="story" reversed>
      {[...story].reverse().map((event) => {
        const at = Date.parse(event.at);
        const said = wordsOf(event);
        return (
          <li key={event.number}>
            <time dateTime={event.at} title={format.dateTime(at)}>
              {format.time(at)}
            </time>
            <span>
              {t(`incidents.event.${event.event}`)}
              {event.event === 'closed' && `: ${t(`alarms.outcome.${event.outcome}`)}`}
              {event.event === 'classified' && `: ${t(`alarms.type.${event.type}`)}`}
              {said.name !== '' && (
                <>
                  {': '}
                  <bdi>{event.event === 'ticked' ? item(said.name) : said.name}</bdi>
                </>
              )}
              <span className="dim small">
                {' · '}
                <bdi>{who(event.by)}</bdi>
              </span>
              {said.text !== '' && <bdi className="story-note">{said.text}</bdi>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** What people wrote in an event: a name for its line, and a text under it. */
function wordsOf(event: IncidentEvent): { name: string; text: string } {
  switch (event.event) {
    case 'assigned':
      return { name: event.to, text: '' };
    case 'dispatched':
      return { name: event.patrol, text: event.task };
    case 'escalated':
      return { name: event.to ?? '', text: event.why };
    case 'ticked':
      return { name: event.item, text: event.note };
    case 'noted':
      return { name: '', text: event.text };
    case 'attached':
      return { name: event.name, text: event.reference };
    case 'monitored':
    case 'resolved':
    case 'closed':
      return { name: '', text: event.note };
    case 'alarmUnlinked':
    case 'classified':
    case 'unpinned':
    case 'reopened':
      return { name: '', text: event.why };
    default:
      return { name: '', text: '' };
  }
}
