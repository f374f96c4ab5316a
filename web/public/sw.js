// What stands in for the node while it is away: one page that says so, and nothing else. No answer of the API, no picture and no
// file of the page is kept here, so nothing old can ever pass for what is now, and a new version of the page is there with the next load.
// What it does with push messages stands in a file of its own.
/* global importScripts */
importScripts('/push-handler.js');

const kept = 'atalaya-away-1';
const files = ['/away.html', '/away.css', '/away-words.js', '/away.js', '/favicon.svg'];

self.addEventListener('install', (event) => {
    event.waitUntil(
        caches
            .open(kept)
            .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'reload' }))))
            // It answers for nothing but an absent node: there is no old page that it would have to wait for.
            .then(() => self.skipWaiting()),
    );
});

self.addEventListener('activate', (event) => {
    event.waitUntil(
        caches
            .keys()
            .then((names) =>
                Promise.all(
                    names
                        .filter((name) => name.startsWith('atalaya-away-') && name !== kept)
                        .map((name) => caches.delete(name)),
                ),
            )
            .then(() => self.clients.claim()),
    );
});

/** The node's answer; what is kept where there is none, or where a proxy says that there is no node behind it. */
async function fromNodeOr(request, instead) {
    try {
        const answer = await fetch(request);
        if (![502, 503, 504].includes(answer.status) || answer.headers.get('content-type')?.includes('problem+json'))
            return answer;
    } catch (_) {
        // Away.
    }
    return (await caches.match(instead, { cacheName: kept })) ?? Response.error();
}

self.addEventListener('fetch', (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== 'GET' || origin !== location.origin) return;
    if (request.mode === 'navigate') event.respondWith(fromNodeOr(request, '/away.html'));
    else if (files.includes(pathname)) event.respondWith(fromNodeOr(request, pathname));
});
