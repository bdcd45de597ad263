'use strict';
'require view';
'require uci';
'require ui';
'require uwand.bus as bus';
'require uwand.modempage as modempage';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.words as words';

/* Network › Cellular › Network: cells around, networks around, and which one to use. */

function cellRow(role, cell) {
	return [ role, show.cellTitle(cell), cell.mcc_mnc || '', [ show.channel(cell), show.physical(cell) ].filter(show.known).join(', '), show.known(cell.frequency) ? show.unit(cell.frequency, 'MHz') : '', show.known(cell.cell_id) ? String(cell.cell_id) : '', parts.metric('rsrp', cell.rsrp, 'dBm'), parts.metric('rsrq', cell.rsrq, 'dB'), show.unit(cell.sinr, 'dB') ];
}

function cellTable(reply) {
	const rows = (reply.serving || []).map(cellRow.bind(null, _('Serving'))).concat((reply.neighbours || []).map(cellRow.bind(null, _('Neighbour'))));

	if (!rows.length)
		return parts.empty(_('The modem told no cells'), reply.note);

	const table = parts.table([ _('Role'), _('Cell'), _('Network'), _('Channel'), _('Frequency'), _('Identity'), 'RSRP', 'RSRQ', 'SINR' ], rows, _('Cells'));

	return E('div', {}, [ table, reply.note ? E('p', { 'class': 'uw-hint' }, [ reply.note ]) : '' ]);
}

/* The interfaces that use this modem. */
function users(status, modem) {
	return (status.interfaces || []).filter(function(one) { return one.modem === modem.id }).map(function(one) { return one.interface });
}

function stateOf(network) {
	return [ words.network(network.state), network.home ? _('home') : '', network.preferred ? _('preferred') : '' ].filter(show.known).join(', ');
}

const AGAIN = 3000, PATIENCE = 70;

/* What the search that is under way finds; a daemon that keeps nothing says nothing. */
function pending(modem, round) {
	return new Promise(function(resolve) { window.setTimeout(resolve, AGAIN) }).then(function() {
		return bus.call('scan', { modem: modem.id, recent: true });
	}).then(function(reply) {
		return reply.scanning && round < PATIENCE ? pending(modem, round + 1) : reply;
	});
}

/* Web servers give up after a minute or less; the search goes on in the router. */
function search(modem) {
	return bus.call('scan', { modem: modem.id }).catch(function(error) {
		if (error.kind != 'timeout' && error.kind != 'network')
			throw error;

		return pending(modem, 0);
	});
}

return view.extend({
	load: function() {
		return L.resolveDefault(uci.load('network'));
	},

	render: function() {
		return modempage.open(_('Network'), _('The cells and networks around, and which network to use.'), this.draw.bind(this));
	},

	draw: function(modem, status) {
		return [ this.cells(modem), this.networks(modem, users(status, modem)) ];
	},

	cells: function(modem) {
		const node = E('div', {}, [ E('p', { 'class': 'spinning' }, [ _('Asking the modem…') ]) ]);
		const read = function() {
			return bus.call('cells', { modem: modem.id }).then(function(reply) { parts.replace(node, [ cellTable(reply) ]) }, function(error) { parts.replace(node, [ parts.missing(error) ]) });
		};

		read();

		return parts.section(_('Cells'), [ node, E('div', { 'class': 'uw-actions' }, [ parts.button(_('Look again'), 'action', read) ]) ]);
	},

	networks: function(modem, interfaces) {
		const node = E('div'), say = parts.outcome(), choose = this.choose.bind(this, say, interfaces);
		const row = function(network) {
			const use = interfaces.length ? parts.button(_('Use only this'), 'action', choose.bind(null, network.mcc_mnc)) : '';

			return [ network.operator || '', network.mcc_mnc, words.technology(network.technology), stateOf(network), show.unit(network.rssi, 'dBm'), use ];
		};
		const display = function(reply) {
			const all = reply.networks || [];

			parts.replace(node, [
				all.length ? parts.table([ _('Operator'), _('Code'), _('Technology'), _('State'), _('Signal'), _('Choice') ], all.map(row), _('Networks')) : parts.empty(_('No network was found')),
				show.known(reply.ago) ? E('p', { 'class': 'uw-hint' }, [ _('Found %s.').format(show.ago(reply.ago)) ]) : ''
			]);
		};
		const fail = function(error) { parts.replace(node, [ parts.missing(error) ]) };
		const scan = function() {
			parts.replace(node, [ E('p', { 'class': 'spinning' }, [ _('Searching. This takes up to three minutes; the connection may pause.') ]) ]);

			return search(modem).then(display, fail);
		};

		bus.call('scan', { modem: modem.id, recent: true }).then(function(reply) {
			if (reply.networks)
				display(reply);
		}, function() { /* an older daemon keeps none */ });

		return parts.section(_('Networks'), [ say.node, this.fixed(interfaces), node, E('div', { 'class': 'uw-actions' }, [ parts.button(_('Search for networks'), 'action', scan), interfaces.length ? parts.button(_('Choose by itself'), 'reset', choose.bind(null, null)) : '' ]) ]);
	},

	/* What the configuration says now. */
	fixed: function(interfaces) {
		const lines = interfaces.map(function(name) {
			const plmn = uci.get('network', name, 'plmn');

			return plmn ? _('Interface %s uses only the network %s.').format(name, plmn) : _('Interface %s lets the modem choose its network.').format(name);
		});

		return E('p', { 'class': 'uw-hint' }, [ lines.join(' ') ]);
	},

	/* Only the configuration is changed, and LuCI shows the change before it is applied. */
	choose: function(say, interfaces, plmn) {
		interfaces.forEach(function(name) {
			if (plmn)
				uci.set('network', name, 'plmn', plmn);
			else
				uci.unset('network', name, 'plmn');
		});

		return uci.save().then(function() {
			say.good([ plmn ? _('Network %s is chosen; apply the change to use it.').format(plmn) : _('The modem chooses; apply the change to use it.') ]);

			return ui.changes.init();
		}).then(function() { return ui.changes.displayChanges() }).catch(say.bad);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
