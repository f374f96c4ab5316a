// What the service worker does with a push message: shows it in the reader's words, and opens its alarm when it is chosen. Imported by sw.js.
/* global clients */

const pushWords = async () => {
    try {
        const kept = await (await caches.open('atalaya-push')).match('/push-words');
        return kept ? await kept.json() : {};
    } catch {
        return {};
    }
};

self.pushText = (told, words) => {
    if (told.occasion === 'test') return { title: told.site ?? '', body: words.test ?? '' };
    const kind = words.kind?.[told.kind] ?? told.kind ?? '';
    const severity = words.severity?.[told.severity] ?? told.severity ?? '';
    const clock = new Intl.DateTimeFormat(words.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    const at = told.at ? clock.format(new Date(told.at)) : '';
    const again = told.occasion === 'escalated' && words.again ? [words.again] : [];
    return {
        title: [severity, kind].filter(Boolean).join(': ') || 'Atalaya',
        body: [told.place, told.site, at, ...again].filter(Boolean).join(' · '),
    };
};

const showPush = async (told) => {
    const words = await pushWords();
    const { title, body } = self.pushText(told, words);
    await self.registration.showNotification(title, {
        body,
        lang: words.lang ?? '',
        dir: words.dir ?? 'auto',
        icon: '/favicon.svg',
        // Of one alarm the newest alone; asked for again, it calls again.
        tag: told.alarm ?? 'test',
        renotify: told.occasion !== 'raised',
        requireInteraction: told.severity === 'rescue' || told.severity === 'critical',
        data: { alarm: told.alarm ?? null },
    });
};

self.addEventListener('push', (event) => {
    let told = {};
    try {
        told = event.data?.json() ?? {};
    } catch {
        // Somebody's mistake; browsers demand that something is shown.
    }
    event.waitUntil(showPush(told));
});

self.addEventListener('notificationclick', (event) => {
    event.notification.close();
    const alarm = event.notification.data?.alarm;
    const place = alarm ? `/situation?alarm=${encodeURIComponent(alarm)}` : '/';
    event.waitUntil(
        (async () => {
            const open = await clients.matchAll({ type: 'window', includeUncontrolled: true });
            const page = open[0];
            if (page && 'navigate' in page) {
                await page.focus();
                return page.navigate(place).catch(() => clients.openWindow(place));
            }
            return clients.openWindow(place);
        })(),
    );
});
