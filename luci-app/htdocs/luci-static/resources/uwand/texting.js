'use strict';
'require baseclass';

/*
 * PURE. How many short messages a text takes: 3GPP TS 23.038 6.2.1 (the default alphabet and
 * its extension), TS 23.040 9.2.3.24.1 (parts of a long one have 153 septets or 67 UCS-2 units).
 */

const BASIC = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENDED = '^{}\\[~]|€\f';

function septets(text) {
	let sum = 0;

	for (let i = 0; i < text.length; i++) {
		const c = text.charAt(i);

		if (BASIC.indexOf(c) > -1)
			sum += 1;
		else if (EXTENDED.indexOf(c) > -1)
			sum += 2;
		else
			return null;
	}

	return sum;
}

return baseclass.extend({
	/* {parts, units, unicode} */
	measure: function(text) {
		const gsm = septets(text), unicode = gsm === null;
		const units = unicode ? text.length : gsm;
		const one = unicode ? 70 : 160, many = unicode ? 67 : 153;

		return { parts: units === 0 ? 0 : units <= one ? 1 : Math.ceil(units / many), units: units, unicode: unicode };
	}
});
