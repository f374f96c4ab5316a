import type { HubConnection } from '@microsoft/signalr';
import type { QueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { keys } from './queries';
import { noteRaised } from '../overlay/raised';
import type { ArchiveCheck, Camera, ExportJob, Reanalysis, SceneEvent } from './types';

// Whether the node's event stream is connected; the bar says so when it isn't.
let connected: boolean | null = null;
const listeners = new Set<() => void>();

function setConnected(value: boolean) {
  if (connected === value) return;
  connected = value;
  for (const listener of listeners) listener();
}

export const useEventsConnected = (): boolean | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connected,
  );

// Which incident this page has open, and who else has: said again whenever the stream is new.
let attended: string | null = null;
let present: { incident: string; people: readonly string[] } | null = null;
let say: (() => void) | null = null;
const companions = new Set<() => void>();

function setPresent(value: typeof present) {
  present = value;
  for (const listener of companions) listener();
}

/** Names of all who have the incident open on some page, this one's among them; empty until the node has said. */
export function usePresence(incident: string): readonly string[] {
  useEffect(() => {
    attended = incident;
    say?.();
    return () => {
      if (attended !== incident) return;
      attended = null;
      setPresent(null);
      say?.();
    };
  }, [incident]);
  const now = useSyncExternalStore(
    (listener) => {
      companions.add(listener);
      return () => companions.delete(listener);
    },
    () => present,
  );
  return now?.incident === incident ? now.people : nobody;
}

const nobody: readonly string[] = [];

/** On the window, with the camera's id: what is recorded of it has to be asked for anew. */
export const masksChanged = 'atalaya-masks';

function put(client: QueryClient, key: readonly string[], item: Camera | ExportJob | ArchiveCheck | Reanalysis) {
  client.setQueryData<{ id: string }[]>(key, (list) => {
    if (!list) return list;
    return list.some((other) => other.id === item.id)
      ? list.map((other) => (other.id === item.id ? item : other))
      : [...list, item];
  });
}

/** Follows the node's events into the query cache until the returned function is called. Loaded after the first paint. */
export function followEvents(client: QueryClient): () => void {
  let stopped = false;
  let hub: HubConnection | undefined;
  void connect(client, () => stopped).then((connection) => {
    hub = connection;
    if (stopped) void hub.stop();
  });
  return () => {
    stopped = true;
    void hub?.stop();
  };
}

async function connect(client: QueryClient, isStopped: () => boolean): Promise<HubConnection> {
  const { HubConnectionBuilder, LogLevel, HttpTransportType } = await import('@microsoft/signalr');
  const hub = new HubConnectionBuilder()
    .withUrl('/api/events', { transport: HttpTransportType.WebSockets, skipNegotiation: true })
    .withAutomaticReconnect({
      nextRetryDelayInMilliseconds: (context) => Math.min(8000, 500 * 2 ** context.previousRetryCount),
    })
    .configureLogging(LogLevel.None)
    .build();

  hub.on('cameraChanged', (camera: Camera) => put(client, keys.cameras, camera));
  hub.on('cameraRemoved', (id: string) => {
    client.setQueryData<Camera[]>(keys.cameras, (list) => list?.filter((camera) => camera.id !== id));
  });
  hub.on('recordingChanged', () => void client.invalidateQueries({ queryKey: keys.cameras }));
  hub.on('exportChanged', (job: ExportJob) => put(client, keys.exports, job));
  hub.on('archiveCheckChanged', (check: ArchiveCheck) => put(client, keys.checks, check));
  hub.on('reanalysisChanged', (job: Reanalysis) => put(client, keys.reanalyses, job));
  hub.on('approvalChanged', () => void client.invalidateQueries({ queryKey: keys.approvals }));
  hub.on('masksChanged', (id: string) => {
    void client.invalidateQueries({ queryKey: [...keys.masks, id] });
    window.dispatchEvent(new CustomEvent<string>(masksChanged, { detail: id }));
  });
  // A burst of events is one look at the list.
  let told = 0;
  hub.on('sceneEvent', (event: SceneEvent) => {
    noteRaised(event);
    told ||= window.setTimeout(() => {
      told = 0;
      void client.invalidateQueries({ queryKey: keys.scene });
    }, 500);
  });
  // A number and nothing else: what changed is asked for, so that nobody is told of what they may not see.
  hub.on('casesChanged', () => {
    void client.invalidateQueries({ queryKey: keys.alarms });
    void client.invalidateQueries({ queryKey: keys.incidents });
  });
  hub.on('exportRemoved', () => void client.invalidateQueries({ queryKey: keys.exports }));

  hub.on('presenceChanged', (told: { incident: string; people: string[] }) => {
    if (told.incident === attended) setPresent(told);
  });
  // Lost with the stream; then it is said again when that is back.
  say = () => void hub.send('Attend', attended).catch(() => undefined);

  hub.onreconnecting(() => {
    setConnected(false);
    setPresent(null);
  });
  hub.onreconnected(() => {
    setConnected(true);
    say?.();
    // What happened meanwhile wasn't told.
    void client.invalidateQueries();
  });
  // After a start that fails, automatic reconnection doesn't begin by itself.
  const start = async () => {
    if (isStopped()) return;
    try {
      await hub.start();
      setConnected(true);
      if (attended !== null) say?.();
    } catch {
      setConnected(false);
      setTimeout(() => void start(), 4000);
    }
  };
  void start();
  return hub;
}
