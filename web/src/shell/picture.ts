import { answer, api } from '../api/client';

/** Saves what a video element shows as a PNG named after its camera and time, once the node has written that down. Returns the file's name. */
export async function savePicture(video: HTMLVideoElement, id: string, camera: string, wall: number): Promise<string> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  if (!context || canvas.width === 0) throw new Error('no picture');
  context.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('no picture');
  await answer<unknown>(
    api.POST('/api/accesses/snapshots', { body: { camera: id, at: new Date(wall).toISOString() } }),
  );
  const name = `${fileName(camera)}_${new Date(wall).toISOString().replaceAll(':', '-')}.png`;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return name;
}

/** Keeps letters of every script, and nothing a file system or shell could trip over. */
export const fileName = (name: string): string =>
  name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'camera';
