const browsers: readonly (readonly [string, RegExp])[] = [
  // Chromium's kin say "Chrome" and "Safari" as well: their own names come first.
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Samsung Internet', /\bSamsungBrowser\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+).* Safari\//],
];
const systems: readonly (readonly [string, RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
];

/** What a browser says it is (its User-Agent), in the few words that tell one's own devices apart; null when nothing is recognised. */
export function deviceOf(agent: string): string | null {
  const browser = browsers.find(([, pattern]) => pattern.test(agent));
  const system = systems.find(([, pattern]) => pattern.test(agent));
  const version = browser && browser[1].exec(agent)?.[1];
  const words = [browser && `${browser[0]} ${version ?? ''}`.trim(), system?.[0]].filter(Boolean);
  return words.length === 0 ? null : words.join(', ');
}
