import {
  convertCssVariables,
  createTheme,
  DEFAULT_THEME,
  defaultCssVariablesResolver,
  mergeMantineTheme,
  type MantineColorsTuple,
} from '@mantine/core';

// Neutral, a trace of blue: long nights on warm greys tire the eye sooner.
const dark: MantineColorsTuple = [
  '#d8dce0',
  '#b6bdc5',
  '#9ba4ae',
  '#6b747e',
  '#3a4149',
  '#2b3138',
  '#20252a',
  '#181b1f',
  '#121518',
  '#0c0e10',
];

// The one accent: selected, information, focus.
const signal: MantineColorsTuple = [
  '#e7f2fe',
  '#cfe3fb',
  '#a0c8f6',
  '#6cb0f5',
  '#4798ea',
  '#2f86df',
  '#1f78d1',
  '#1466b6',
  '#0d5aa4',
  '#044d90',
];

export const theme = createTheme({
  colors: { dark, signal },
  primaryColor: 'signal',
  primaryShade: { light: 7, dark: 7 },
  fontFamily: 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic Variable", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace',
  defaultRadius: 4,
  focusRing: 'auto',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '18px' },
  components: {
    // Sentences in small capitals are hard to read, and Arabic has none.
    Badge: { defaultProps: { size: 'lg', radius: 4, tt: 'none', fw: 500 } },
    Button: { defaultProps: { size: 'sm', fw: 500 } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 32 } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: false, events: { hover: true, focus: true, touch: false } } },
    Modal: {
      defaultProps: { lockScroll: false, overlayProps: { backgroundOpacity: 0.6 }, transitionProps: { duration: 80 } },
    },
    Drawer: {
      defaultProps: { lockScroll: false, overlayProps: { backgroundOpacity: 0.6 }, transitionProps: { duration: 100 } },
    },
    Menu: { defaultProps: { transitionProps: { duration: 60 } } },
  },
});

/** The theme's variables as a constructed style sheet: the content security policy allows no inline one. */
export function applyTheme(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme))));
  document.adoptedStyleSheets.push(sheet);
}
