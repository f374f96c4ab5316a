import type { ListedAlarm } from '../alarms/cases';
import { severities } from '../alarms/severity';

/** What an alarm tile shows, and since when (node's clock, ms). */
export interface Calling {
  alarm: ListedAlarm;
  /** Of its cameras the first that may be seen. */
  camera: string;
  since: number;
}

/** Alarms that come in a burst don't chase each other over the tile: one that isn't more urgent waits so long. */
export const staysMs = 5000;

const urgency = (alarm: ListedAlarm) => severities.indexOf(alarm.severity);

/**
 * The alarm that a tile goes to: of those that nobody has acknowledged the most urgent, of the same the newest.
 * @param current what it shows
 * @param seconds after which it leaves an alarm that nothing joins any more; null: never. A rescue it never leaves.
 * @param sees whether there is such a camera for this viewer
 */
export function nextCalling(
  current: Calling | null,
  alarms: readonly ListedAlarm[],
  seconds: number | null,
  now: number,
  sees: (camera: string) => boolean,
): Calling | null {
  const cameraOf = (alarm: ListedAlarm) => [alarm.camera, ...alarm.cameras].find(sees);
  const waiting = alarms.filter(
    (alarm) =>
      (alarm.state === 'raised' || alarm.state === 'escalated') &&
      cameraOf(alarm) !== undefined &&
      (seconds === null ||
        alarm.severity === 'rescue' ||
        now - Math.max(Date.parse(alarm.raisedAt), Date.parse(alarm.lastAt)) < seconds * 1000),
  );
  const best = waiting.reduce<ListedAlarm | null>(
    (most, alarm) =>
      most === null ||
      urgency(alarm) < urgency(most) ||
      (urgency(alarm) === urgency(most) && Date.parse(alarm.at) > Date.parse(most.at))
        ? alarm
        : most,
    null,
  );
  if (!best) return null;
  const shown = waiting.find((alarm) => alarm.id === current?.alarm.id) ?? null;
  const stays =
    current && shown && (shown.id === best.id || (urgency(best) >= urgency(shown) && now - current.since < staysMs));
  if (!stays) return { alarm: best, camera: cameraOf(best) ?? '', since: now };
  return current.alarm === shown ? current : { ...current, alarm: shown };
}
