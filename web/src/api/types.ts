import type { components } from './schema';

// The API's shapes under the names the rooms use.
type Schemas = components['schemas'];

export type Session = Schemas['Session'];
export type AccessKind = Schemas['AccessKind'];
export type Permission = Schemas['Permission'];
export type Camera = Schemas['Camera'];
export type CameraInput = Schemas['CameraInput'];
export type CameraState = Schemas['CameraState'];
export type StreamStatus = Schemas['StreamStatus'];
export type StreamKind = Schemas['StreamKind'];
export type Transport = Schemas['Transport'];
export type RecordChoice = Schemas['Record'];
export type RecordingState = Schemas['RecordingState'];
export type Probe = Schemas['Probe'];
export type ProbeRequest = Schemas['ProbeRequest'];
export type FoundDevice = Schemas['FoundDevice'];
export type OnvifAnswer = Schemas['Onvif'];
export type OnvifRequest = Schemas['OnvifRequest'];
export type OnvifProposal = Schemas['OnvifProposal'];
export type OnvifStatus = Schemas['OnvifStatus'];
export type Preview = Schemas['Preview'];
export type Preset = Schemas['Preset'];
export type Imaging = Schemas['Imaging'];
export type ImagingInput = Schemas['ImagingInput'];
export type SceneEvent = Schemas['SceneEvent'];
export type SceneEventPage = Schemas['SceneEventPage'];
export type SceneKind = Schemas['SceneEventKind'];
export type SceneMark = Schemas['SceneMark'];
export type Timeline = Schemas['Timeline'];
export type Gap = Schemas['Gap'];
export type GapCause = Schemas['GapCause'];
export type ExportJob = Schemas['Export'];
export type ExportInput = Schemas['ExportInput'];
export type ExportState = Schemas['ExportState'];
export type RuleTrial = Schemas['RuleTrial'];
export type Motion = Schemas['Motion'];
export type Reanalysis = Schemas['Reanalysis'];
export type ReanalysisInput = Schemas['ReanalysisInput'];
export type Storage = Schemas['Storage'];
export type Volume = Schemas['Volume'];
export type CameraStorage = Schemas['CameraStorage'];
export type Retention = Schemas['Retention'];
export type Hold = Schemas['Hold'];
export type HoldInput = Schemas['HoldInput'];
export type HoldMade = Schemas['HoldMade'];
export type HoldSpan = Schemas['HoldSpan'];
export type HoldAssessment = Schemas['HoldAssessment'];
export type HoldConsequence = Schemas['HoldConsequence'];
export type ArchiveCheck = Schemas['ArchiveCheck'];
export type ArchiveCheckResult = Schemas['ArchiveCheckResult'];
export type CheckInput = Schemas['CheckInput'];
export type CheckDepth = Schemas['CheckDepth'];
export type NodeInfo = Schemas['Node'];

export type SiteMap = Schemas['Map'];
export type MapPlace = Schemas['Place'];
export type MapPlaceInput = Schemas['PlaceInput'];
export type Plan = Schemas['Plan'];
export type PlanInput = Schemas['PlanInput'];

export type ConfigurationChange = Schemas['ConfigurationChange'];
export type ObjectChange = Schemas['ObjectChange'];
export type FieldChange = Schemas['FieldChange'];

/** One error of a configuration's text, as its problem lists them. */
export interface ConfigurationFault {
  line: number;
  column: number;
  field: string;
  message: string;
}
export type Alarm = Schemas['Alarm'];
export type AlarmDetail = Schemas['AlarmDetail'];
export type AlarmOutcome = Schemas['AlarmOutcome'];
export type AlarmPage = Schemas['AlarmPage'];
export type AlarmSeverity = Schemas['AlarmSeverity'];
export type Incident = Schemas['Incident'];
// What every event has is written once, as optional, in the schema of all of them.
type Whole<E> = E extends unknown ? Required<E> : never;
export type IncidentEvent = Whole<Schemas['IncidentEvent']>;
export type IncidentPage = Schemas['IncidentPage'];
export type IncidentType = Schemas['IncidentType'];
export type TickState = Schemas['TickState'];
export type HandOver = Schemas['HandOver'];
export type HandOverNote = Schemas['HandOverNote'];
export type StandingPolicy = Schemas['StandingPolicy'];
export type PolicyTrial = Schemas['PolicyTrial'];
export type Arming = Schemas['Disarming'];
export type DisarmRequest = Schemas['DisarmRequest'];
export type Suppression = Schemas['Suppression'];
export type SuppressionRequest = Schemas['SuppressionRequest'];
export type SavedLayout = Schemas['Layout'];
export type SavedLayoutInput = Schemas['LayoutInput'];
export type LayoutTile = Schemas['Tile'];
export type Tour = Schemas['Tour'];
export type TourInput = Schemas['TourInput'];
export type TourStep = Schemas['TourStep'];
