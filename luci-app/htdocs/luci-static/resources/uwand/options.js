'use strict';
'require baseclass';
'require uwand.words as words';

/*
 * The options of an interface section, as the protocol page shows them; names, defaults and
 * choices are the daemon's (a test compares them). "kind" is what draws it (protocol/uwand.js),
 * "when" is on which other option it depends.
 */

const TABS = {
	'general': null,
	'uwand_sim': _('SIM and roaming'),
	'uwand_watchdog': _('Watchdog'),
	'advanced': null
};

const ON = { 'watchdog': '1' };

const OPTIONS = [
	{ name: 'device', tab: 'general', kind: 'modem', title: _('Modem'), default: 'auto', placeholder: _('Automatic'), help: _('“Automatic” is right for a router with one modem.') },
	{ name: 'apn', tab: 'general', kind: 'apn', title: _('APN'), max: 100, help: _('The access point of your contract. Suggestions are for the SIM’s home network; any other name can be typed.') },
	{ name: 'auth', tab: 'general', kind: 'choice', title: _('Authentication'), default: 'none', choices: [ [ 'none', _('None') ], [ 'pap', 'PAP' ], [ 'chap', 'CHAP' ], [ 'both', _('PAP or CHAP') ] ] },
	{ name: 'username', tab: 'general', kind: 'text', title: _('User name'), max: 255, when: [ { 'auth': 'pap' }, { 'auth': 'chap' }, { 'auth': 'both' } ] },
	{ name: 'password', tab: 'general', kind: 'secret', title: _('Password'), max: 255, when: [ { 'auth': 'pap' }, { 'auth': 'chap' }, { 'auth': 'both' } ] },

	{ name: 'pincode', tab: 'uwand_sim', kind: 'secret', title: _('PIN'), datatype: 'and(uinteger,minlength(4),maxlength(8))', help: _('Sent only when the SIM asks for it and at least two tries are left (three on its first use), and never again after a refusal.') },
	{ name: 'allow_roaming', tab: 'uwand_sim', kind: 'flag', title: _('Allow roaming'), default: '0', help: _('Connect in foreign networks, too. Their costs may be high.') },
	{ name: 'plmn', tab: 'uwand_sim', kind: 'text', title: _('Use only this network'), pattern: '[0-9]{5,6}', wrong: _('A network’s code has five or six digits.'), placeholder: _('any'), help: _('The network’s code, MCC and MNC, for example 26201. Network › Cellular › Network can search for one.') },
	{ name: 'modes', tab: 'uwand_sim', kind: 'list', title: _('Technologies'), choices: [ [ '5g', '5G' ], [ 'lte', '4G (LTE)' ], [ 'umts', '3G (UMTS)' ], [ 'gsm', '2G (GSM)' ] ], placeholder: _('any'), help: _('Use only these. Empty: whatever the modem can do.') },

	{ name: 'watchdog', tab: 'uwand_watchdog', kind: 'flag', title: _('Watch the traffic'), default: '1', help: _('Finds out whether packets really come back, and mends the connection step by step when they do not.') },
	{ name: 'watchdog_target', tab: 'uwand_watchdog', kind: 'targets', title: _('Targets'), when: [ ON ], placeholder: _('the network’s DNS servers, then 1.1.1.1'), help: _('What is asked: an IP address (ping), dns:ADDRESS, tcp:HOST:PORT or http://HOST/.') },
	{ name: 'watchdog_quorum', tab: 'uwand_watchdog', kind: 'number', title: _('Answers wanted'), default: '1', range: [ 1, 16 ], when: [ ON ], help: _('How many targets must answer for the connection to count as healthy.') },
	{ name: 'watchdog_interval', tab: 'uwand_watchdog', kind: 'number', title: _('Ask every'), default: '30', range: [ 1, 86400 ], when: [ ON ], help: _('Seconds. Received traffic postpones a round.') },
	{ name: 'watchdog_timeout', tab: 'uwand_watchdog', kind: 'number', title: _('Wait for an answer'), default: '3', range: [ 1, 60 ], when: [ ON ], help: _('Seconds. After a failed round the next ones come this fast, too.') },
	{ name: 'watchdog_failures', tab: 'uwand_watchdog', kind: 'number', title: _('Failed rounds before it acts'), default: '3', range: [ 1, 100 ], when: [ ON ] },
	{ name: 'watchdog_ladder', tab: 'uwand_watchdog', kind: 'list', title: _('What it may try, in order'), when: [ ON ], choices: [ 'reconnect', 'reregister', 'reset', 'power', 'reboot' ].map(function(rung) { return [ rung, words.rung(rung) ] }), placeholder: _('reconnect, radio, restart, power'), help: _('From the mildest on. Empty: all but a restart of the router.') },
	{ name: 'watchdog_budget', tab: 'uwand_watchdog', kind: 'number', title: _('Resets and power cuts a day'), default: '6', range: [ 0, 100 ], when: [ ON ], help: _('At most so many in 24 hours; a restart of the router at most once.') },
	{ name: 'power', tab: 'uwand_watchdog', kind: 'power', title: _('Cut power by'), default: 'auto', placeholder: _('Automatic'), choices: [ [ 'auto', _('Automatic') ], [ 'none', _('Never') ], [ 'port', _('The USB hub’s port') ], [ 'authorized', _('Logical disconnection') ], [ 'rebind', _('The USB host controller’s driver') ] ], when: [ ON ], help: _('A GPIO line of the board can be typed as gpio:LINE-NAME.') },

	{ name: 'pdptype', tab: 'advanced', kind: 'choice', title: _('IP type'), default: 'ipv4v6', choices: [ [ 'ipv4v6', _('IPv4 and IPv6') ], [ 'ipv4', _('IPv4 only') ], [ 'ipv6', _('IPv6 only') ] ], help: _('With both, the network may still grant only one.') },
	{ name: 'mtu', tab: 'advanced', kind: 'number', title: _('MTU'), range: [ 576, 65535 ], placeholder: _('from the network') },
	{ name: 'delay', tab: 'advanced', kind: 'number', title: _('Wait before the first use'), default: '0', range: [ 0, 3600 ], help: _('Seconds, for modems that want time after power-on.') },
	{ name: 'control', tab: 'advanced', kind: 'choice', title: _('Control protocol'), default: 'auto', choices: [ [ 'auto', _('Automatic') ], [ 'mbim', 'MBIM' ], [ 'qmi', 'QMI' ] ] },
	{ name: 'netdev', tab: 'advanced', kind: 'text', title: _('Network device'), max: 15, placeholder: _('found by itself') },
	{ name: 'control_at', tab: 'advanced', kind: 'text', title: _('AT port'), max: 255, placeholder: _('found by itself'), help: _('For example /dev/ttyUSB2; “none” leaves it to other programs.') },
	{ name: 'profile', tab: 'advanced', kind: 'number', title: _('Profile'), range: [ 1, 255 ], placeholder: _('none'), help: _('Index of a profile stored in a QMI modem.') },
	{ name: 'session', tab: 'advanced', kind: 'number', title: _('Session'), default: '0', range: [ 0, 255 ], help: _('MBIM session or QMAP channel, for a second connection over the same modem.') }
];

return baseclass.extend({
	TABS: TABS,
	OPTIONS: OPTIONS,

	/* Whether the watchdog could ask this, as the daemon decides it; true, or what is wrong. */
	checkTarget: function(text) {
		const value = String(text), good = _('Wanted: an IP address, dns:ADDRESS, tcp:HOST:PORT or http://HOST/');
		const address = function(one) { return (/^([0-9]{1,3}\.){3}[0-9]{1,3}$/).test(one) ? one.split('.').every(function(n) { return Number(n) < 256 }) : (/^[0-9a-fA-F:.]+$/).test(one) && one.indexOf('::') === one.lastIndexOf('::') && one.split(':').length > 2 };
		const at = value.indexOf(':'), scheme = value.slice(0, at), rest = value.slice(at + 1);

		if ((/[\s]/).test(value))
			return good;

		if (scheme == 'dns')
			return address(rest) || good;

		if (scheme == 'tcp') {
			const port = Number(rest.slice(rest.lastIndexOf(':') + 1));

			return rest.lastIndexOf(':') > 0 && port > 0 && port < 65536 && Math.floor(port) === port || good;
		}

		if (scheme == 'http')
			return (/^\/\/[^\/]/).test(rest) || good;

		return address(value) || good;
	},

	checkPower: function(text) {
		const known = [ 'auto', 'none', 'port', 'authorized', 'rebind' ];

		return known.indexOf(text) > -1 || (/^gpio:.+/).test(text) || _('Wanted: one of the choices, or gpio:LINE-NAME');
	}
});
