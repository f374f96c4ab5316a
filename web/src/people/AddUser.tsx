import { Button, Modal, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Grant, Power, Role, UserLink } from '../api/types';
import { useFormat } from '../i18n/format';
import { faultOf, Remaining } from '../identity/fields';
import { useSession } from '../identity/session';
import { ShownOnce } from '../identity/ShownOnce';
import { beyond } from './giving';
import { Grants } from './Grants';
import { useAddUser } from './people';

/** Errors of these fields stand beside them. */
export const grantFields = (grants: readonly Grant[]): string[] =>
  grants.flatMap((_, index) => [`grants[${index}].role`, `grants[${index}].of`]);

export function AddUser(props: { roles: readonly Role[]; mine: readonly Power[]; onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [fullName, setFullName] = useState('');
  const [openId, setOpenId] = useState(false);
  const provider = useSession().data?.openId;
  const [grants, setGrants] = useState<Grant[]>([]);
  const add = useAddUser();

  if (add.data) return <LinkDialog made={add.data} onClose={props.onClose} />;
  return (
    <Modal
      opened
      onClose={props.onClose}
      size={760}
      title={t('people.add')}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate({ name: name.trim(), fullName: fullName.trim(), openId, grants });
        }}
      >
        <div className="form-pair">
          <TextInput
            label={t('people.name')}
            description={t('people.nameHelp')}
            value={name}
            maxLength={63}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultOf(add.error, 'name')}
            autoComplete="off"
            autoCapitalize="none"
            dir="auto"
            data-autofocus
            required
          />
          <TextInput
            label={t('people.fullName')}
            description={t('people.fullNameHelp')}
            value={fullName}
            maxLength={100}
            onChange={(event) => setFullName(event.currentTarget.value)}
            error={faultOf(add.error, 'fullName')}
            autoComplete="off"
            dir="auto"
          />
        </div>
        {provider && (
          <Switch
            label={t('people.openId', { name: provider.name })}
            description={t('people.openIdHelp')}
            checked={openId}
            onChange={(event) => setOpenId(event.currentTarget.checked)}
          />
        )}
        <Grants grants={grants} roles={props.roles} mine={props.mine} error={add.error} onChange={setGrants} />
        <p className="dim small">{t('people.addText')}</p>
        <Remaining error={add.error} fields={['name', 'fullName', ...grantFields(grants)]} />
        <div className="form-end">
          <Button variant="default" onClick={props.onClose}>
            {t('app.cancel')}
          </Button>
          <Button
            type="submit"
            loading={add.isPending}
            disabled={name.trim() === '' || beyond(props.mine, grants, props.roles) !== undefined}
          >
            {t('people.add')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** The one-time link, shown once: the node has its digest alone. */
export function LinkDialog({ made, onClose }: { made: UserLink; onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title={t('people.linkFor', { name: made.user.fullName || made.user.name })}
    >
      <div className="form">
        <p>{t('people.linkText', { when: format.dateTime(Date.parse(made.expiresAt)) })}</p>
        <ShownOnce label={t('people.link')} text={location.origin + made.link} />
        <div className="form-end">
          <Button onClick={onClose}>{t('account.done')}</Button>
        </div>
      </div>
    </Modal>
  );
}
