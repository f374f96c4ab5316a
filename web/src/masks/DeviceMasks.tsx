import { ActionIcon, Button, Modal, Tooltip } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useDeviceMasks, usePutDeviceMask, useRemoveDeviceMask } from '../api/queries';
import type { Camera, MaskedArea } from '../api/types';
import { useMay } from '../identity/session';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';

/** What the camera hides itself, and a way to have it hide what is drawn here; nothing where it can't. */
export function DeviceMasks({ camera, mask }: { camera: Camera; mask: MaskedArea | null }) {
  const { t } = useTranslation();
  const may = useMay();
  const device = useDeviceMasks(camera.onvif?.status?.state === 'running' ? camera.id : null);
  const put = usePutDeviceMask(camera.id);
  const remove = useRemoveDeviceMask(camera.id);
  const [asking, setAsking] = useState(false);
  if (!device.data || device.data.most === 0) return null;
  const full = device.data.masks.length >= device.data.most;
  return (
    <section aria-label={t('masks.device')} data-device-masks={device.data.masks.length}>
      <h2 className="small">{t('masks.device')}</h2>
      <p className="dim small">{t('masks.deviceCount', { used: device.data.masks.length, most: device.data.most })}</p>
      <ul className="rules-list">
        {device.data.masks.map((own) => (
          <li key={own.token}>
            <bdi className="grow">{own.token}</bdi>
            {may('unmask') && (
              <Tooltip label={t('rules.remove', { rule: own.token })}>
                <ActionIcon
                  aria-label={t('rules.remove', { rule: own.token })}
                  loading={remove.isPending}
                  onClick={() => remove.mutate(own.token)}
                >
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            )}
          </li>
        ))}
      </ul>
      {mask && (
        <Button size="compact-sm" variant="default" disabled={full} onClick={() => setAsking(true)}>
          {t('masks.intoCamera', { mask: mask.name })}
        </Button>
      )}
      {(put.isError || remove.isError) && (
        <p className="red" role="alert">
          <Why error={put.error ?? remove.error} />
        </p>
      )}
      {asking && mask && (
        <Modal opened onClose={() => setAsking(false)} title={t('masks.intoCamera', { mask: mask.name })}>
          <p>{t('masks.intoCameraText')}</p>
          <div className="form-end">
            <Button variant="default" onClick={() => setAsking(false)}>
              {t('app.cancel')}
            </Button>
            <Button
              color="red"
              loading={put.isPending}
              onClick={() =>
                put.mutate(mask.id, {
                  onSuccess: () => toast(t('masks.inCamera', { camera: camera.name })),
                  onSettled: () => setAsking(false),
                })
              }
            >
              {t('masks.intoCameraDo')}
            </Button>
          </div>
        </Modal>
      )}
    </section>
  );
}
