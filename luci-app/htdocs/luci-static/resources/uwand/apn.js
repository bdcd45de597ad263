'use strict';
'require baseclass';

/*
 * PURE. Access points that operators publish for data, by their network's code (MCC and MNC).
 * Only suggestions: what a contract wants stands in its papers, and any name can be typed.
 */

const APNS = {
	'20201': [ 'internet' ], '20205': [ 'internet.vodafone.gr', 'internet' ], '20210': [ 'gint.b-online.gr' ],
	'20404': [ 'live.vodafone.com', 'internet' ], '20408': [ 'internet', 'portalmmm.nl' ], '20416': [ 'internet' ], '20420': [ 'internet' ],
	'20601': [ 'internet.proximus.be' ], '20610': [ 'mworld.be', 'web.pro.be' ], '20620': [ 'telenetwap.be', 'gprs.base.be' ],
	'20801': [ 'orange', 'orange.fr' ], '20810': [ 'sl2sfr', 'websfr' ], '20815': [ 'free' ], '20820': [ 'mmsbouygtel.com', 'ebouygtel.com' ],
	'21401': [ 'airtelwap.es', 'ac.vodafone.es' ], '21403': [ 'internet', 'orangeworld' ], '21404': [ 'internet' ], '21407': [ 'telefonica.es' ],
	'21601': [ 'net', 'online' ], '21630': [ 'internet.telekom' ], '21670': [ 'internet.vodafone.net' ],
	'21901': [ 'internet.ht.hr' ], '21910': [ 'data.vip.hr' ], '22003': [ 'internet' ],
	'22201': [ 'ibox.tim.it', 'wap.tim.it' ], '22210': [ 'mobile.vodafone.it', 'web.omnitel.it' ], '22250': [ 'iliad' ], '22288': [ 'internet.wind', 'internet.it' ],
	'22601': [ 'live.vodafone.com', 'internet.vodafone.ro' ], '22603': [ 'broadband' ], '22605': [ 'internet' ], '22610': [ 'net' ],
	'22801': [ 'gprs.swisscom.ch', 'corporate.swisscom.ch' ], '22802': [ 'internet' ], '22803': [ 'internet' ],
	'23001': [ 'internet.t-mobile.cz' ], '23002': [ 'internet' ], '23003': [ 'internet' ],
	'23101': [ 'internet' ], '23102': [ 'internet' ], '23106': [ 'o2internet' ],
	'23201': [ 'a1.net' ], '23203': [ 'gprsinternet', 'internet.t-mobile.at' ], '23205': [ 'drei.at', 'planet3' ], '23210': [ 'drei.at' ],
	'23410': [ 'mobile.o2.co.uk', 'm-bb.o2.co.uk' ], '23415': [ 'wap.vodafone.co.uk', 'internet' ], '23420': [ 'three.co.uk', '3internet' ], '23430': [ 'everywhere' ], '23433': [ 'everywhere' ],
	'23801': [ 'internet' ], '23802': [ 'internet' ], '23806': [ 'data.tre.dk' ], '23820': [ 'www.internet.mtelia.dk' ],
	'24001': [ 'online.telia.se' ], '24002': [ 'data.tre.se' ], '24007': [ 'internet.tele2.se' ], '24008': [ 'internet.telenor.se', 'services.telenor.se' ],
	'24201': [ 'telenor', 'telenor.smart' ], '24202': [ 'telia' ], '24405': [ 'internet' ], '24412': [ 'internet' ], '24491': [ 'internet' ],
	'24601': [ 'omnitel' ], '24602': [ 'banga', 'internet' ], '24603': [ 'internet.tele2.lt' ], '24701': [ 'internet.lmt.lv' ], '24801': [ 'internet.emt.ee' ],
	'25001': [ 'internet.mts.ru' ], '25002': [ 'internet' ], '25020': [ 'internet.tele2.ru' ], '25099': [ 'internet.beeline.ru' ],
	'25501': [ 'internet' ], '25503': [ 'www.kyivstar.net' ], '25506': [ 'internet' ],
	'26001': [ 'plus', 'internet' ], '26002': [ 'internet' ], '26003': [ 'internet' ], '26006': [ 'internet' ],
	'26201': [ 'internet.telekom', 'internet.v6.telekom' ], '26202': [ 'web.vodafone.de' ], '26203': [ 'internet' ], '26207': [ 'internet' ], '26223': [ 'internet' ],
	'26801': [ 'internet.vodafone.pt', 'net2.vodafone.pt' ], '26803': [ 'umts' ], '26806': [ 'internet' ],
	'27001': [ 'web.pt.lu' ], '27201': [ 'live.vodafone.com', 'isp.vodafone.ie' ], '27203': [ 'data.mymeteor.ie', 'open.internet' ], '27205': [ '3ireland.ie' ],
	'28401': [ 'internet.a1.bg', 'inet-gprs.mtel.bg' ], '28405': [ 'telenorbg' ], '28601': [ 'internet' ], '28602': [ 'internet' ], '28603': [ 'internet' ],
	'29340': [ 'internet.simobil.si' ], '29341': [ 'internet' ],
	'302220': [ 'sp.telus.com', 'isp.telus.com' ], '302610': [ 'pda.bell.ca', 'inet.bell.ca' ], '302720': [ 'ltemobile.apn', 'internet.com' ],
	'310260': [ 'fast.t-mobile.com' ], '310410': [ 'broadband', 'nxtgenphone' ], '311480': [ 'vzwinternet' ], '334020': [ 'internet.itelcel.com' ],
	'40410': [ 'airtelgprs.com' ], '40445': [ 'airtelgprs.com' ], '405857': [ 'jionet' ], '44010': [ 'spmode.ne.jp' ], '45005': [ 'web.sktelecom.com' ], '45008': [ 'lte.ktfwing.com' ],
	'46000': [ 'cmnet' ], '46001': [ '3gnet' ], '46011': [ 'ctnet' ],
	'50501': [ 'telstra.internet', 'telstra.wap' ], '50502': [ 'connect', 'yesinternet' ], '50503': [ 'live.vodafone.com' ], '53001': [ 'vodafone' ], '53005': [ 'internet' ], '53024': [ 'internet' ],
	'65501': [ 'internet' ], '65507': [ 'internet' ], '65510': [ 'internet' ],
	'72402': [ 'timbrasil.br' ], '72405': [ 'claro.com.br' ], '72410': [ 'zap.vivo.com.br' ],
	'90128': [ 'data.emnify' ]
};

/* An MNC has two digits or three, and only the network knows which: the longer code goes first. */
function home(imsi) {
	const digits = String(imsi || '');

	if (!(/^[0-9]{6,15}$/).test(digits))
		return null;

	return [ digits.slice(0, 6), digits.slice(0, 5) ].filter(function(code) { return APNS.hasOwnProperty(code) })[0] || null;
}

return baseclass.extend({
	home: home,

	/* Names for the home network of this SIM; none where it is not known. */
	suggest: function(imsi) {
		const code = home(imsi);

		return code ? APNS[code].slice() : [];
	},

	all: function() { return APNS }
});
