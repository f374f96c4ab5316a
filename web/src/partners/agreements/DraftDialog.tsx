import { Button, FileButton, Modal, NativeSelect, SegmentedControl, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Said, Why } from '../../shell/Notice';
import {
  fetchDocument,
  fetchNext,
  fetchTemplate,
  nameOf,
  useAgreements,
  useDraft,
  usePartners,
  type Which,
} from './agreements';

type Format = 'atalaya' | 'odrl';

/** A draft for a partner: from the shipped example, from a version that is there, or from a file. Its text is edited as it is; the node tells every fault. */
export default function DraftDialog({ from, onClose }: { from: Which | null; onClose: (made?: Which) => void }) {
  const { t, i18n } = useTranslation();
  const partners = usePartners();
  const agreements = useAgreements(i18n.language.slice(0, 2));
  const draft = useDraft();
  const [chosen, setChosen] = useState('');
  const [format, setFormat] = useState<Format>('atalaya');
  const [edited, setEdited] = useState<string | null>(null);
  const [lost, setLost] = useState<{ sentences: readonly string[]; made: Which } | null>(null);
  const link = from?.link ?? (chosen !== '' ? chosen : (partners.data?.[0]?.id ?? ''));
  const base = from && agreements.data?.find((each) => nameOf(each) === nameOf(from));
  const begin = useQuery({
    queryKey: ['agreements', 'begin', link, from && nameOf(from), base?.state],
    queryFn: () =>
      from === null ? fetchTemplate(link) : base?.state === 'draft' ? fetchDocument(from) : fetchNext(from),
    enabled: link !== '' && (from === null || base !== undefined),
    staleTime: Infinity,
  });
  const text = edited ?? (format === 'atalaya' ? (begin.data ?? '') : '');
  const save = () =>
    draft.mutate(
      { link, format, document: text },
      {
        onSuccess: ({ agreement, lost: sentences }) =>
          sentences.length > 0 ? setLost({ sentences, made: agreement }) : onClose(agreement),
      },
    );
  return (
    <Modal
      opened
      onClose={() => onClose()}
      title={t(from === null ? 'agreements.draft' : base?.state === 'draft' ? 'agreements.edit' : 'agreements.next')}
      size={800}
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      {lost === null ? (
        <>
          {partners.data?.length === 0 && from === null && <p>{t('agreements.noPartner')}</p>}
          {from === null && (
            <NativeSelect
              label={t('agreements.partner')}
              value={link}
              onChange={(event) => setChosen(event.currentTarget.value)}
              data={(partners.data ?? []).map((each) => ({
                value: each.id,
                label: `${each.organisation} · ${each.site}`,
              }))}
            />
          )}
          <div className="agreement-source">
            <SegmentedControl
              size="xs"
              aria-label={t('agreements.format')}
              value={format}
              onChange={(value) => {
                setFormat(value);
                setEdited(null);
              }}
              data={[
                { value: 'atalaya', label: t('agreements.document') },
                { value: 'odrl', label: 'ODRL' },
              ]}
            />
            <FileButton
              accept=".json,.jsonld,application/json"
              onChange={(file) => void file?.text().then((content) => setEdited(content))}
            >
              {(props) => (
                <Button {...props} size="compact-sm" variant="default">
                  {t('agreements.file')}
                </Button>
              )}
            </FileButton>
          </div>
          <Textarea
            label={t('agreements.document')}
            description={t('agreements.documentHelp')}
            dir="ltr"
            rows={18}
            classNames={{ input: 'agreement-source-text' }}
            spellCheck={false}
            value={text}
            onChange={(event) => setEdited(event.currentTarget.value)}
          />
          {(draft.isError || begin.isError) && (
            <p role="alert" className="red">
              <Why error={draft.error ?? begin.error} />
            </p>
          )}
          <Button
            fullWidth
            mt="md"
            disabled={link === '' || text.trim() === ''}
            loading={draft.isPending}
            onClick={save}
          >
            {t('agreements.save')}
          </Button>
        </>
      ) : (
        <>
          <p>{t('agreements.lostIn')}</p>
          <ul>
            {lost.sentences.map((sentence) => (
              <li key={sentence}>
                <Said text={sentence} />
              </li>
            ))}
          </ul>
          <Button fullWidth onClick={() => onClose(lost.made)}>
            {t('agreements.read')}
          </Button>
        </>
      )}
    </Modal>
  );
}
