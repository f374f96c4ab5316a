import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconInfoCircle,
  IconLifebuoy,
  IconPointFilled,
  type Icon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { AlarmSeverity, IncidentType } from '../api/types';

/** The most urgent first. */
export const severities: readonly AlarmSeverity[] = ['rescue', 'critical', 'high', 'medium', 'low'];

export const incidentTypes: readonly IncidentType[] = [
  'rescue',
  'intrusion',
  'crossing',
  'smuggling',
  'vehicle',
  'crowd',
  'tamper',
  'technical',
];

// A shape for each: colour alone says nothing to some, and nothing at all in print.
const icons: Record<AlarmSeverity, Icon> = {
  rescue: IconLifebuoy,
  critical: IconAlertOctagonFilled,
  high: IconAlertTriangleFilled,
  medium: IconInfoCircle,
  low: IconPointFilled,
};

export function SeverityMark({ severity, size = 18 }: { severity: AlarmSeverity; size?: number }) {
  const { t } = useTranslation();
  const Mark = icons[severity];
  return (
    <Mark size={size} className={`severity ${severity}`} aria-label={t(`alarms.severity.${severity}`)} role="img" />
  );
}
