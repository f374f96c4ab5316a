// What the page for an absent node says, in each language of the page.
self.awayWords = {
    en: {
        title: 'The node can’t be reached',
        meaning:
            'Nothing is shown, since nothing would be live. Whether cameras are being recorded can’t be seen from here; an absent network alone doesn’t stop it.',
        do: 'Check this device’s network first, then the node. As soon as the node answers, this page opens what you asked for.',
        since: 'Away since {time}. Asked again every five seconds.',
        again: 'Try again',
    },
    es: {
        title: 'No se puede acceder al nodo',
        meaning:
            'No se muestra nada, porque nada estaría en directo. Desde aquí no se ve si las cámaras se están grabando; la falta de red por sí sola no lo impide.',
        do: 'Compruebe primero la red de este dispositivo y después el nodo. En cuanto el nodo responda, se abrirá lo que pidió.',
        since: 'Ausente desde las {time}. Se pregunta de nuevo cada cinco segundos.',
        again: 'Intentar de nuevo',
    },
    fr: {
        title: 'Le nœud est injoignable',
        meaning:
            'Rien n’est montré, car rien ne serait en direct. On ne voit pas d’ici si les caméras sont enregistrées ; une panne de réseau seule ne l’empêche pas.',
        do: 'Vérifiez d’abord le réseau de cet appareil, puis le nœud. Dès qu’il répondra, la page demandée s’ouvrira.',
        since: 'Absent depuis {time}. Nouvel essai toutes les cinq secondes.',
        again: 'Réessayer',
    },
    ar: {
        title: 'تعذّر الوصول إلى العقدة',
        meaning:
            'لا يُعرض شيء لأن لا شيء سيكون مباشرًا. لا يمكن أن يُرى من هنا هل تُسجَّل الكاميرات؛ وانقطاع الشبكة وحده لا يوقف التسجيل.',
        do: 'تحقق أولًا من شبكة هذا الجهاز ثم من العقدة. وحالما تجيب العقدة تُفتح الصفحة التي طلبتها.',
        since: 'غائبة منذ {time}. يُعاد السؤال كل خمس ثوانٍ.',
        again: 'إعادة المحاولة',
    },
};
