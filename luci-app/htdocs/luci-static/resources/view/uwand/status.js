'use strict';
'require view';
'require uwand.bus as bus';
'require uwand.graph as graph';
'require uwand.live as live';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.words as words';

/* Network › Cellular › Status: every interface and modem as they are now. */

const HOUR = 3600, DAY = 86400;

function reset(how) {
	return {
		soft: [ _('Restart the modem?'), words.rungEffect('reset'), _('Restart it') ],
		power: [ _('Cut the modem’s power?'), words.rungEffect('power'), _('Cut its power') ]
	}[how];
}

function series(history, id, names) {
	const titles = { rsrp: _('Power (RSRP)'), rssi: _('Power (RSSI)'), rsrq: _('Quality (RSRQ)'), sinr: _('Signal to noise (SINR)'), rx_bps: _('Received'), tx_bps: _('Sent') };

	return names.map(function(name) {
		const found = (history.series || []).filter(function(one) { return one.id === id && one.name === name })[0];

		return found ? { name: name, title: titles[name], points: found.points } : null;
	}).filter(function(one) { return one !== null });
}

/* LTE tells its power as RSRP; older technologies as RSSI only. */
function power(history, id) {
	const lte = series(history, id, [ 'rsrp' ]);

	return lte.length ? lte : series(history, id, [ 'rssi' ]);
}

function sessionRows(one) {
	const traffic = one.traffic || {};

	return [
		[ _('In this state for'), show.duration(one.since) ],
		[ _('Error'), one.error ? [ words.error(one.error) || one.error ] : '' ],
		[ _('In the network’s words'), one.reason ],
		[ _('Next try'), show.known(one.next_try) ? _('in %s').format(show.duration(one.next_try)) : '' ],
		[ _('Technology'), words.technology(one.technology) ],
		[ _('IPv4'), show.addresses(one.ipv4) ],
		[ _('IPv6'), show.addresses(one.ipv6) ],
		[ _('DNS servers'), ((one.ipv4 || {}).dns || []).concat((one.ipv6 || {}).dns || []) ],
		[ _('MTU'), one.mtu ],
		[ _('Note'), one.note ],
		[ _('Received'), show.bytes(traffic.rx_bytes) ],
		[ _('Sent'), show.bytes(traffic.tx_bytes) ],
		[ _('Network device'), one.netdev ]
	];
}

function modemRows(modem) {
	return [
		[ _('Modem'), show.modemName(modem) ],
		[ _('Firmware'), modem.revision ],
		[ _('State'), words.modem(modem.state) ],
		[ _('Radio'), modem.radio == 'off-hardware' ? _('switched off in hardware') : modem.radio == 'off' ? _('off') : '' ],
		[ _('Control'), [ modem.device, modem.driver ].filter(show.known).join(', ') ],
		[ _('AT port'), modem.at_port ],
		[ _('Temperature'), show.unit(modem.temperature, '°C') ],
		[ _('IMEI'), modem.imei ],
		[ _('SIM'), words.sim(modem.sim) ],
		[ _('ICCID'), modem.iccid ],
		[ _('IMSI'), modem.imsi ],
		[ _('Numbers'), modem.numbers || [] ],
		[ _('Unanswered requests'), modem.timeouts || '' ],
		[ _('Malformed frames'), modem.malformed || '' ]
	];
}

function signalRows(modem) {
	const signal = modem.signal || {};

	return [
		[ _('Operator'), show.operator(modem) ],
		[ _('Registration'), words.registration(modem.registration) ],
		[ _('Technology'), words.technology(modem.technology) ],
		[ _('Signal'), parts.bars(signal.bars) ],
		[ 'RSRP', parts.metric('rsrp', signal.rsrp, 'dBm') ],
		[ 'RSRQ', parts.metric('rsrq', signal.rsrq, 'dB') ],
		[ 'SINR', parts.metric('sinr', signal.sinr, 'dB') ],
		[ 'RSSI', parts.metric('rssi', signal.rssi, 'dBm') ]
	];
}

function cellRow(cell) {
	return [ show.cellTitle(cell), cell.mcc_mnc || '', [ show.channel(cell), show.physical(cell) ].filter(show.known).join(', '), show.known(cell.cell_id) ? String(cell.cell_id) : '', show.unit(cell.rsrp, 'dBm'), show.unit(cell.rsrq, 'dB'), show.unit(cell.sinr, 'dB') ];
}

function cellTable(cells) {
	return parts.table([ _('Cell'), _('Network'), _('Channel'), _('Identity'), 'RSRP', 'RSRQ', 'SINR' ], cells.map(cellRow), _('Serving cells'));
}

return view.extend({
	seconds: HOUR,

	plan: function() {
		return [ [ 'status', 'status', {} ], [ 'history', 'history', { seconds: this.seconds } ], [ 'signal', 'signal', {} ] ];
	},

	render: function() {
		const content = E('div', {}, [ E('p', { 'class': 'spinning' }, [ _('Asking the modem…') ]) ]);
		const ask = live.start(this.plan.bind(this), (function(known) { parts.replace(content, this.content(known)) }).bind(this));

		this.outcome = parts.outcome();
		ask.refresh();

		const range = parts.picker(_('Graphs show'), [ [ String(HOUR), _('the last hour') ], [ String(DAY), _('the last day') ] ], String(HOUR), (function(value) {
			this.seconds = Number(value);
			ask.refresh();
		}).bind(this));

		return parts.page(_('Cellular'), _('Every cellular interface and modem as it is now.'), [ E('div', { 'class': 'uw-actions' }, [ range ]), this.outcome.node, content ]);
	},

	content: function(known) {
		const status = known.status || {};

		if (status.error)
			return [ parts.missing(status.error) ];

		if (!status.data)
			return [];

		const interfaces = status.data.interfaces || [], modems = status.data.modems || [];
		const idle = interfaces.length ? [] : [ modems.length ? parts.empty(_('No interface uses the cellular service'), _('Add one with the protocol “Cellular (uwand)” under Network › Interfaces.')) : parts.noModem(status.data) ];

		return interfaces.map(this.session.bind(this, known)).concat(idle, modems.map(this.modem.bind(this, known)));
	},

	history: function(known) {
		return (known.history && known.history.data) || {};
	},

	traffic: function(known, id) {
		return graph.draw(_('Traffic'), series(this.history(known), id, [ 'rx_bps', 'tx_bps' ]), { seconds: this.seconds, floor: 0, format: show.rate });
	},

	session: function(known, one) {
		const watchdog = one.watchdog || {};
		const head = E('div', { 'class': 'uw-head' }, [ parts.state(one.state, words.link(one.state)), watchdog.health ? parts.state(watchdog.health, words.health(watchdog.health)) : '' ]);
		const act = E('div', { 'class': 'uw-actions' }, [ parts.button(_('Reconnect'), 'action', this.reconnect.bind(this, one.interface), words.rungEffect('reconnect')) ]);

		return parts.section(_('Interface %s').format(one.interface), [ head, E('div', { 'class': 'uw-columns' }, [ parts.pairs(sessionRows(one)), this.traffic(known, one.interface) ]), act ]);
	},

	modem: function(known, modem) {
		if (modem.state == 'seen')
			return parts.section(show.modemName(modem), [ parts.empty(words.modem('seen'), _('No interface names it, so other programs can have it.')) ]);

		if (modem.state == 'missing')
			return parts.section(_('Modem %s').format(modem.id), [ parts.empty(words.modem('missing'), _('This page goes on as soon as it is back.')) ]);

		return parts.section(_('Modem %s').format(modem.id), [
			E('div', { 'class': 'uw-head' }, [ E('span', { 'class': 'uw-big' }, [ show.operator(modem) || words.registration(modem.registration) || words.modem(modem.state) ]), parts.state(modem.state, words.modem(modem.state)) ]),
			E('div', { 'class': 'uw-columns' }, [ parts.pairs(signalRows(modem)), this.signalGraph(known, modem) ]),
			this.cells(known, modem),
			parts.pairs(modemRows(modem)),
			this.resets(modem)
		]);
	},

	signalGraph: function(known, modem) {
		return graph.draw(_('Signal'), power(this.history(known), modem.id), { seconds: this.seconds, unit: 'dBm' });
	},

	cells: function(known, modem) {
		const all = (known.signal && known.signal.data && known.signal.data.modems) || [];
		const own = all.filter(function(one) { return one.id === modem.id })[0] || {};

		return (own.cells || []).length ? cellTable(own.cells) : E('p', { 'class': 'uw-hint' }, [ _('This modem does not list its cells.') ]);
	},

	resets: function(modem) {
		return E('div', { 'class': 'uw-actions' }, [
			parts.button(_('Restart the modem'), 'negative', this.reset.bind(this, modem, 'soft'), words.rungEffect('reset')),
			parts.button(_('Cut its power'), 'negative', this.reset.bind(this, modem, 'power'), words.rungEffect('power'))
		]);
	},

	reconnect: function(name) {
		const say = this.outcome;

		return parts.confirm(_('Reconnect?'), [ _('Interface %s').format(name), words.rungEffect('reconnect') ], _('Reconnect')).then(function(yes) {
			return yes ? bus.call('reconnect', { 'interface': name }).then(function() { say.good(_('Reconnecting %s.').format(name)) }, say.bad) : null;
		});
	},

	reset: function(modem, how) {
		const say = this.outcome, told = reset(how);

		return parts.confirm(told[0], [ show.modemName(modem), told[1] ], told[2]).then(function(yes) {
			return yes ? bus.call('reset', { modem: modem.id, how: how }).then(function() { say.good(_('Begun. The page shows the modem again when it is back.')) }, say.bad) : null;
		});
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
