import type { components } from '../api/schema';

type Schemas = components['schemas'];

export type TrackJson = Omit<Schemas['Track'], 'class'> & { class: NonNullable<Schemas['Track']['class']> };
export interface TrackPictures {
  pictures: { at: number; tracks: TrackJson[] }[];
  unwatched: Schemas['TrackPictures']['unwatched'];
}
export type BlindCause = NonNullable<Schemas['BlindCause']>;

/** How a camera's analysis goes, as the node said a second ago. */
export interface AnalysisState {
  asked: number;
  given: number;
  ageMs: number | null;
  blind: BlindCause | null;
  since: string | null;
  detail: string;
}
