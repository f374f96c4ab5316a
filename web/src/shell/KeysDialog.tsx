import { Kbd, Modal } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { rooms } from './rooms';

const everywhere = [
  [['Ctrl K', '/'], 'keys.search'],
  [['?'], 'keys.help'],
  [rooms.map(({ key }) => `G ${key.toUpperCase()}`), 'keys.rooms'],
] as const;
const wall = [
  [['↑', '↓', '←', '→'], 'keys.moveTile'],
  [['Enter'], 'keys.enlarge'],
  [['Esc'], 'keys.back'],
  [['1', '…', '7'], 'keys.layouts'],
  [['W'], 'keys.wall'],
  [['PgUp', 'PgDn'], 'keys.turnPage'],
  [['Space'], 'keys.tour'],
  [['A'], 'keys.acknowledge'],
  [['+', '−', '0'], 'keys.zoomIn'],
  [['Shift ↑ ↓ ← →'], 'keys.panZoomed'],
  [['F'], 'keys.fullScreen'],
  [['S'], 'keys.snapshot'],
  [['K'], 'keys.hold'],
  [['T'], 'keys.openTimeline'],
  [['M'], 'keys.sound'],
  [['B'], 'keys.boxes'],
  [['P', '↑ ↓ ← →', '+ −'], 'keys.turn'],
] as const;
const timeline = [
  [['Space'], 'keys.playPause'],
  [['←', '→'], 'keys.second'],
  [[',', '.'], 'keys.frame'],
  [['J', 'K', 'L'], 'keys.shuttle'],
  [['PgUp', 'PgDn'], 'keys.page'],
  [['Home', 'End'], 'keys.ends'],
  [['+', '−'], 'keys.zoom'],
  [['↑', '↓'], 'keys.row'],
  [['I', 'O'], 'keys.marks'],
  [['E'], 'keys.export'],
  [['Shift K'], 'keys.hold'],
  [['D'], 'keys.go'],
  [['S'], 'keys.snapshot'],
  [['M'], 'keys.sound'],
  [['B'], 'keys.boxes'],
  [['Tab', '+', '−', '0'], 'keys.zoomPicture'],
  [['F'], 'keys.fullScreen'],
] as const;

export function KeysDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const groups = [
    ['keys.everywhere', everywhere],
    ['keys.onWall', wall],
    ['keys.onTimeline', timeline],
  ] as const;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('keys.title')}
      size={860}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <div className="keys">
        {groups.map(([title, rows]) => (
          <section key={title} aria-label={t(title)}>
            <h3>{t(title)}</h3>
            <dl>
              {rows.map(([names, words]) => (
                <div key={words}>
                  <dt dir="ltr">
                    {names.map((name) => (
                      <Kbd key={name} size="xs">
                        {name}
                      </Kbd>
                    ))}
                  </dt>
                  <dd>{t(words)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
