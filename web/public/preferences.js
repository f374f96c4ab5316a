// Runs before the first paint, so that neither the theme nor the reading direction flickers.
// A file of its own because the content security policy forbids inline scripts.
(function () {
    try {
        var root = document.documentElement;
        var scheme = localStorage.getItem('atalaya.scheme');
        if (scheme === 'light') root.setAttribute('data-mantine-color-scheme', 'light');
        var language = localStorage.getItem('atalaya.language');
        if (language) {
            root.lang = language;
            root.dir = language === 'ar' ? 'rtl' : 'ltr';
            if (/^(en|es|fr|ar)$/.test(language))
                document.querySelector('link[rel=manifest]').href = '/manifest.' + language + '.webmanifest';
        }
    } catch (_) {
        // Storage is forbidden: the defaults stand.
    }
})();
