import { Button } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toast } from '../shell/toast';
import './account.css';

/** Puts a text on the clipboard, and says whether the browser let it. */
export function CopyButton({ text }: { text: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => toast(t('account.copyFailed'), { wrong: true }),
    );
  return (
    <Button
      variant="default"
      leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      onClick={() => void copy()}
    >
      {copied ? t('account.copied') : t('account.copy')}
    </Button>
  );
}

/** A secret that the node tells once: it keeps the digest alone. */
export function ShownOnce({ label, text }: { label: string; text: string }) {
  return (
    <div className="form-note">
      <span>{label}</span>
      <code className="secret" dir="ltr" data-secret>
        {text}
      </code>
      <CopyButton text={text} />
    </div>
  );
}
