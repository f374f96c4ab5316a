import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import i18next from 'i18next';

/** Last resort: says that the page broke, and offers the one thing that helps. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div className="notice" role="alert">
        <p className="notice-title">{i18next.t('problem.unknown')}</p>
        <Button variant="default" onClick={() => location.reload()}>
          {i18next.t('problem.reload')}
        </Button>
      </div>
    );
  }
}
