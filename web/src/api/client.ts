import createClient from 'openapi-fetch';
import { Problem } from './problem';
import type { paths } from './schema';

// The header says that a change comes from this page: another site's can't send it.
export const api = createClient<paths>({ baseUrl: location.origin, headers: { 'Atalaya-Page': '1' } });

/** Unwraps an answer: its data, or a Problem in the server's words. */
export async function answer<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let result;
  try {
    result = await request;
  } catch {
    throw new Problem(0, '', '');
  }
  if (!result.response.ok) throw Problem.from(result.response.status, result.error);
  return result.data as T;
}

/** Of a camera here, or of another site's: that one's id is SITE/CAMERA. */
function cameraPath(camera: string): string {
  const [site = '', id] = camera.split('/').map(encodeURIComponent);
  return id === undefined ? `/api/cameras/${site}` : `/api/sites/${site}/cameras/${id}`;
}

/** A camera of another site: shown here, and set up there. */
export const isFar = (camera: string): boolean => camera.includes('/');

export const socketUrl = (path: string): string =>
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;

export const liveUrl = (camera: string, stream: string, sound: boolean): string =>
  socketUrl(`${cameraPath(camera)}/live?stream=${stream}&objects=true${sound ? '&audio=true' : ''}`);

export const previewUrl = (preview: string, stream: string): string =>
  socketUrl(`/api/cameras/previews/${encodeURIComponent(preview)}/live?stream=${stream}`);

export const playlistUrl = (camera: string, stream: string, from: number, to: number): string =>
  `${cameraPath(camera)}/playback.m3u8?${new URLSearchParams({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    stream,
  }).toString()}`;

export const exportFileUrl = (id: string): string => `/api/exports/${encodeURIComponent(id)}/file`;
