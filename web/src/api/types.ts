import type { components } from './schema';

// The API's shapes under the names the rooms use.
type Schemas = components['schemas'];

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
export type NodeInfo = Schemas['Node'];
