// Served by sw.js in place of a page that the node can't give, under that page's own address.
(function () {
    const root = document.documentElement;
    const kept = (key) => {
        try {
            return localStorage.getItem('atalaya.' + key);
        } catch (_) {
            return null;
        }
    };
    const wanted = [kept('language'), ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
    const language = wanted.find((code) => code && Object.hasOwn(self.awayWords, code)) ?? 'en';
    const words = self.awayWords[language];
    root.lang = language;
    root.dir = language === 'ar' ? 'rtl' : 'ltr';
    if (kept('scheme') === 'light') root.setAttribute('data-mantine-color-scheme', 'light');
    document.title = words.title + ' · Atalaya';
    const time = new Intl.DateTimeFormat(kept('digits') === 'arab' || language !== 'ar' ? language : 'ar-u-nu-latn', {
        timeStyle: 'medium',
        hourCycle: 'h23',
    }).format(new Date());
    for (const part of ['title', 'meaning', 'do', 'since', 'again'])
        document.getElementById(part).textContent = words[part].replace('{time}', time);

    let asking = false;
    async function ask() {
        if (asking) return;
        asking = true;
        try {
            const answer = await fetch('/health', { cache: 'no-store' });
            if (answer.ok) location.reload();
        } catch (_) {
            // Still away.
        }
        asking = false;
    }
    document.getElementById('again').addEventListener('click', ask);
    (function again() {
        setTimeout(() => ask().then(again), 5000);
    })();
})();
