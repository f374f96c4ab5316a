import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../api/client';
import { Problem } from '../api/problem';
import { useFormat } from '../i18n/format';
import { Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { pushKey, usePush } from './exchange';
import { keepWords, subscribe, support } from './subscribe';

/** Has this browser told of alarms while the page is closed, and lists the others that are. */
export function ThisBrowser() {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const push = usePush();
  const able = support();
  const [name, setName] = useState('');
  const renew = () => client.invalidateQueries({ queryKey: pushKey });
  const add = useMutation({
    mutationFn: async (key: string) => {
      await keepWords(t);
      return subscribe(key, name.trim() || t('push.device'));
    },
    onSuccess: () => toast(t('push.on')),
    onSettled: renew,
  });
  const remove = useMutation({
    mutationFn: (id: string) =>
      answer<unknown>(api.DELETE('/api/push/subscriptions/{id}', { params: { path: { id } } })),
    onSettled: renew,
  });
  const data = push.data;
  if (!data || data.key === null) return null;
  const key = data.key;
  return (
    <section aria-labelledby="push">
      <h2 id="push">{t('push.title')}</h2>
      <p className="dim">{t('push.what')}</p>
      {able !== 'yes' && <p className="amber">{t(`push.support.${able}`)}</p>}
      {able === 'yes' && (
        <div className="form-line">
          <TextInput
            label={t('push.name')}
            placeholder={t('push.device')}
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button variant="default" loading={add.isPending} onClick={() => add.mutate(key)}>
            {t('push.subscribe')}
          </Button>
        </div>
      )}
      {add.isError && (
        <p className="red" role="alert">
          {add.error instanceof Problem ? <Why error={add.error} /> : t('push.refused')}
        </p>
      )}
      {data.subscriptions.length > 0 && (
        <ul className="checks">
          {data.subscriptions.map((each) => (
            <li key={each.id}>
              <strong>
                <bdi>{each.name}</bdi>
              </strong>
              <span className="dim small">
                {t('push.since', { time: format.dateTime(Date.parse(each.createdAt)) })}
                {each.toldAt !== null && ` · ${t('push.told', { time: format.dateTime(Date.parse(each.toldAt)) })}`}
              </span>
              <span className="grow" />
              <Button size="compact-sm" variant="default" onClick={() => remove.mutate(each.id)}>
                {t('push.remove')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
