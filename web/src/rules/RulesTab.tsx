import { ActionIcon, Button, Menu, Switch, Tooltip } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/problem';
import { usePutRules } from '../api/queries';
import type { Camera } from '../api/types';
import { Said, Why } from '../shell/Notice';
import { toast } from '../shell/toast';
import { RuleForm } from './RuleForm';
import { Scene } from './Scene';
import { Sketch } from './Sketch';
import { TrialPanel } from './TrialPanel';
import { newRule, ruleTypes, type Rule, type RuleType, type Rules } from './types';

/** The rules of a camera: drawn on the picture, set in a form, tried on what was seen, kept with one press. */
export function RulesTab({ camera, kept }: { camera: Camera; kept: Rules }) {
  const { t } = useTranslation();
  const [rules, setRules] = useState<Rule[]>(kept.rules);
  const [selected, setSelected] = useState<string | null>(kept.rules[0]?.id ?? null);
  const put = usePutRules(camera.id);
  const errors = put.error instanceof Problem ? put.error.errors : {};
  const changed = JSON.stringify(rules) !== JSON.stringify(kept.rules);
  const active = rules.find((rule) => rule.id === selected) ?? null;
  const index = rules.findIndex((rule) => rule.id === selected);

  // What isn't kept yet isn't left by accident.
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [changed]);

  const change = (next: Rule) => setRules(rules.map((rule) => (rule.id === next.id ? next : rule)));
  const add = (type: RuleType) => {
    const made = newRule(type, t(`rules.type.${type}`), rules);
    setRules([...rules, made]);
    setSelected(made.id);
  };
  const save = () =>
    put.mutate(
      { rules, ground: kept.ground },
      {
        onSuccess: (saved) => {
          setRules(saved.rules);
          toast(t('rules.saved', { camera: camera.name }));
        },
      },
    );

  const adding = (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="compact-sm" variant="default" leftSection={<IconPlus size={16} />}>
          {t('rules.add')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {ruleTypes.map((type) => (
          <Menu.Item key={type} onClick={() => add(type)} data-type={type}>
            {t(`rules.type.${type}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );

  return (
    <div className="rules">
      <div>
        <Scene camera={camera}>
          <Sketch rules={rules} selected={selected} onSelect={setSelected} onChange={change} />
        </Scene>
        <p className="dim small">{active?.points ? t('rules.drawHint') : t('rules.none')}</p>
        <TrialPanel camera={camera} rules={rules} ground={kept.ground} />
      </div>
      <div className="rules-side">
        <div className="rules-head">
          {adding}
          <span className="grow" />
          {changed && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              onClick={() => {
                setRules(kept.rules);
                put.reset();
              }}
            >
              {t('app.cancel')}
            </Button>
          )}
          <Button size="compact-sm" disabled={!changed} loading={put.isPending} onClick={save}>
            {t('app.save')}
          </Button>
        </div>
        {put.isError && (
          <p className="red" role="alert">
            {Object.keys(errors).length > 0 ? t('rules.faults') : <Why error={put.error} />}
          </p>
        )}
        {errors.rules && (
          <p className="red">
            <Said text={errors.rules.join(' ')} />
          </p>
        )}
        <ul className="rules-list" aria-label={t('rules.title')}>
          {rules.map((rule, at) => {
            const faulty = Object.keys(errors).some((key) => key.startsWith(`rules[${at}]`));
            return (
              <li key={rule.id} className={rule.id === selected ? 'chosen' : ''}>
                <button
                  type="button"
                  className="rules-name"
                  aria-current={rule.id === selected}
                  onClick={() => setSelected(rule.id)}
                >
                  <bdi>{rule.name}</bdi>
                  <span className={faulty ? 'red small' : 'dim small'}>
                    {faulty ? t('rules.faulty') : t(`rules.type.${rule.type}`)}
                  </span>
                </button>
                <Switch
                  size="xs"
                  checked={rule.enabled !== false}
                  aria-label={t('rules.enabled', { rule: rule.name })}
                  onChange={(event) => change({ ...rule, enabled: event.currentTarget.checked })}
                />
                <Tooltip label={t('rules.remove', { rule: rule.name })}>
                  <ActionIcon
                    aria-label={t('rules.remove', { rule: rule.name })}
                    onClick={() => setRules(rules.filter((other) => other.id !== rule.id))}
                  >
                    <IconTrash size={16} />
                  </ActionIcon>
                </Tooltip>
              </li>
            );
          })}
        </ul>
        {active && <RuleForm rule={active} index={index} errors={errors} onChange={change} />}
      </div>
    </div>
  );
}
