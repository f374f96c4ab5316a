import type { Manifest } from './check/manifest';

/** What a camera's own signatures come to. */
export type CameraVerdict = 'authentic' | 'authenticWithMissing' | 'notAuthentic' | 'undecided';

/** What the node wrote of a camera's own signatures. */
export interface CameraWord {
  camera: string;
  /** Null: it couldn't be judged. */
  verdict: CameraVerdict | null;
  /** The rest, in English. */
  detail: string;
  certificate: string;
}

// The custody of a package has it as a sentence, PackageCustody's.
const judged = /^(.*?): (authentic|authenticWithMissing|notAuthentic|undecided) (\(.*)$/s;
const notJudged = /^(.*?): ()(.*)$/s;

export const cameraWords = ({ custody }: Pick<Manifest, 'custody'>): CameraWord[] =>
  custody
    .filter(({ what }) => what === 'signed')
    .map(({ detail, by }) => {
      const [, camera = '', verdict, rest = detail] = judged.exec(detail) ?? notJudged.exec(detail) ?? [];
      return { camera, verdict: verdict ? (verdict as CameraVerdict) : null, detail: rest, certificate: by };
    });
