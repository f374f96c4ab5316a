import { ActionIcon, Button, FileButton } from '@mantine/core';
import { IconFile, IconPaperclip, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format';
import { Why } from '../../shell/Notice';
import { fileEndings, maxFile, maxFiles, useBring, useDrop, type RequestFile } from './requests';

interface Props {
  /** To whom they go. */
  link: string;
  files: readonly RequestFile[];
  onChange: (files: RequestFile[]) => void;
}

/** Documents that go with what is about to be said: brought to the node one by one, sealed there. */
export function Attachments({ link, files, onChange }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const bring = useBring();
  const drop = useDrop();
  const [tooLarge, setTooLarge] = useState(false);

  const take = async (chosen: File[]) => {
    setTooLarge(chosen.some((file) => file.size > maxFile));
    let all = [...files];
    for (const file of chosen.filter(({ size }) => size <= maxFile).slice(0, maxFiles - files.length)) {
      try {
        all = [...all, await bring.mutateAsync({ link, file })];
        onChange(all);
      } catch {
        // The mutation keeps why, and it is shown below.
        return;
      }
    }
  };

  return (
    <div className="attachments">
      {files.length > 0 && (
        <ul className="request-files small">
          {files.map((file) => (
            <li key={file.id}>
              <IconFile size={14} aria-hidden /> <bdi>{file.name}</bdi>{' '}
              <span className="dim">{format.bytes(file.bytes)}</span>
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label={t('requests.takeAway', { name: file.name })}
                onClick={() => {
                  drop.mutate(file.id);
                  onChange(files.filter(({ id }) => id !== file.id));
                }}
              >
                <IconX size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
      <FileButton multiple accept={fileEndings} onChange={(chosen) => void take(chosen)}>
        {(props) => (
          <Button
            {...props}
            variant="default"
            size="xs"
            leftSection={<IconPaperclip size={14} />}
            disabled={files.length >= maxFiles}
            loading={bring.isPending}
          >
            {t('requests.attach')}
          </Button>
        )}
      </FileButton>
      <p className="dim small">{t('requests.attachHint', { most: format.bytes(maxFile) })}</p>
      {tooLarge && (
        <p className="red small" role="alert">
          {t('requests.tooLarge', { most: format.bytes(maxFile) })}
        </p>
      )}
      {bring.isError && (
        <p className="red small" role="alert">
          <Why error={bring.error} />
        </p>
      )}
    </div>
  );
}
