import type { StreamKind } from '../api/types';
import type { AnalysisState, TrackJson } from '../overlay/types';

/** Text messages of /api/cameras/{id}/live. Binary ones are the init segment, then one moof+mdat per access unit. */
export type LiveMessage =
  | { type: 'init'; mime: string; width: number; height: number; stream: StreamKind; masked?: boolean }
  | { type: 'clock'; media: number; wall: string }
  | { type: 'skipped'; units: number }
  /** What an analysed picture showed. `media` is null when another stream was analysed than this one. */
  | { type: 'objects'; media: number | null; wall: string; tracks: TrackJson[]; moving: number[][] }
  | ({ type: 'analysis' } & AnalysisState)
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
      case 'objects':
      case 'analysis':
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
