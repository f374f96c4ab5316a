import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { usePermissionWords } from '../identity/permissions';
import { Why } from '../shell/Notice';
import { alike } from './giving';
import { usePowers } from './people';

/** What somebody's roles come to: on the whole organisation, and on which cameras. */
export function Can({ id }: { id: string }) {
  const { t } = useTranslation();
  const powers = usePowers(id);
  const words = usePermissionWords();
  return (
    <section className="dialog-part" data-can>
      <h3>{t('people.can')}</h3>
      {powers.isPending && <Skeleton height={48} />}
      {powers.isError && !powers.data && (
        <p className="red" role="alert">
          <Why error={powers.error} />
        </p>
      )}
      {powers.data && (
        <dl className="people-facts">
          <dt>{t('people.scope.organisation')}</dt>
          <dd>
            {powers.data.organisation.length === 0 ? (
              <span className="dim">{t('people.nothing')}</span>
            ) : (
              words(powers.data.organisation)
            )}
          </dd>
          {powers.data.cameras.length === 0 && (
            <>
              <dt>{t('people.cameras')}</dt>
              <dd className="dim">{t('people.noCameras')}</dd>
            </>
          )}
          {alike(powers.data.cameras).map((group) => (
            <div key={group.names.join()} className="people-facts-group">
              <dt>
                {group.names.map((name) => (
                  <div key={name}>
                    <bdi>{name}</bdi>
                  </div>
                ))}
              </dt>
              <dd>
                {words(group.permissions)}
                {group.permissions.includes('viewPast') && (
                  <div className="dim small">
                    {group.pastDays === null ? t('people.pastAll') : t('people.pastDays', { count: group.pastDays })}
                  </div>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <p className="dim small">{t('people.canAbout')}</p>
    </section>
  );
}
