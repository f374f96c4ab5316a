import type { StreamKind } from '../api/types';

/** Text messages of /api/cameras/{id}/live. Binary ones are the init segment, then one moof+mdat per access unit. */
export type LiveMessage =
  | { type: 'init'; mime: string; width: number; height: number; stream: StreamKind }
  | { type: 'clock'; media: number; wall: string }
  | { type: 'skipped'; units: number }
  | { type: 'break'; cause: string; detail: string }
  | { type: 'error'; code: string; detail: string };

/** Null for anything else: a newer node may say more than this page knows. */
export function readLiveMessage(text: string): LiveMessage | null {
  try {
    const message = JSON.parse(text) as { type?: unknown };
    switch (message.type) {
      case 'init':
      case 'clock':
      case 'skipped':
      case 'break':
      case 'error':
        return message as LiveMessage;
      default:
        return null;
    }
  } catch {
    return null;
  }
}
