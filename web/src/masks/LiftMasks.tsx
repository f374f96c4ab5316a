import { Alert, Button, Modal } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { approvalOf } from '../api/approvalOf';
import { useLiftMasks } from '../api/queries';
import type { Camera, PurposeInput } from '../api/types';
import { ApprovalNeeded } from '../approvals/ApprovalNeeded';
import { usePurposes } from '../approvals/purpose';
import { isComplete, PurposeFields } from '../approvals/PurposeFields';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';

/** Asks for what purpose a camera is to be seen without its masks, and tells what that means. */
export default function LiftMasks({ camera, onClose }: { camera: Camera; onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const purposes = usePurposes();
  const lift = useLiftMasks(camera.id);
  const [purpose, setPurpose] = useState<PurposeInput>({});
  const asked = purposes.data?.askedFor.includes('unmask') ?? true;
  const ready = purposes.data !== undefined && (!asked || isComplete(purposes.data, purpose));
  return (
    <Modal opened onClose={onClose} title={t('masks.lift', { camera: camera.name })}>
      <form
        className="form"
        data-lift-masks={camera.id}
        onSubmit={(event) => {
          event.preventDefault();
          lift.mutate(asked ? purpose : null, {
            onSuccess: ({ until }) => {
              toast(t('masks.lifted', { camera: camera.name, time: format.time(Date.parse(until)) }));
              onClose();
            },
          });
        }}
      >
        <p>{t('masks.liftText')}</p>
        {asked && purposes.data && <PurposeFields purposes={purposes.data} value={purpose} onChange={setPurpose} />}
        <ApprovalNeeded error={lift.error} />
        {lift.isError && !approvalOf(lift.error) && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('masks.liftFailed')}>
            <Why error={lift.error} />
          </Alert>
        )}
        <div className="form-end">
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
          <Button type="submit" loading={lift.isPending} disabled={!ready}>
            {t('masks.liftDo')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
