import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Drive, still, type Speed } from './drive';

const right: Speed = { pan: 1, tilt: 0, zoom: 0 };
const up: Speed = { pan: 0, tilt: 1, zoom: 0 };

describe('steering a camera', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('says the speed again until it is still, and that once', async () => {
    const said: Speed[] = [];
    const drive = new Drive((speed) => (said.push(speed), Promise.resolve()));
    drive.move(right);
    await vi.advanceTimersByTimeAsync(1000);
    expect(said).toEqual([right, right, right, right]);
    drive.stop();
    await vi.advanceTimersByTimeAsync(2000);
    expect(said.slice(4)).toEqual([still]);
  });

  it('waits for the camera and then says only the newest', async () => {
    const said: Speed[] = [];
    const answers: (() => void)[] = [];
    const drive = new Drive((speed) => (said.push(speed), new Promise((done) => answers.push(done))));
    drive.move(right);
    drive.move(up);
    drive.stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(said).toEqual([right]);
    answers[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(said).toEqual([right, still]);
  });

  it('rests after a failure and tells it', async () => {
    const failed = vi.fn();
    const send = vi.fn(() => Promise.reject(new Error('no')));
    const drive = new Drive(send);
    drive.onFailed(failed);
    drive.move(right);
    await vi.advanceTimersByTimeAsync(3000);
    expect(send).toHaveBeenCalledTimes(1);
    expect(failed).toHaveBeenCalledTimes(1);
  });
});
