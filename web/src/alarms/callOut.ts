import type { AlarmSeverity } from '../api/types';

// Pitches of each call, Hz: a rescue rises, twice; what can wait makes no sound.
const calls: Record<AlarmSeverity, readonly number[]> = {
  rescue: [660, 880, 1100, 660, 880, 1100],
  critical: [880, 660, 880],
  high: [740, 740],
  medium: [],
  low: [],
};
const noteSeconds = 0.18;

let context: AudioContext | null = null;

/** Whether the browser lets the page be heard; it does after the first click or key. */
export const mayCallOut = (): boolean => context?.state === 'running';

/** Makes itself heard, as urgently as it is. */
export function callOut(severity: AlarmSeverity): void {
  const pitches = calls[severity];
  if (pitches.length === 0) return;
  context ??= new AudioContext();
  if (context.state === 'suspended') void context.resume();
  const begin = context.currentTime + 0.02;
  pitches.forEach((pitch, index) => {
    if (!context) return;
    const at = begin + index * (noteSeconds + 0.05);
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(0.25, at + 0.02);
    level.gain.linearRampToValueAtTime(0, at + noteSeconds);
    tone.connect(level).connect(context.destination);
    tone.start(at);
    tone.stop(at + noteSeconds + 0.02);
  });
}
