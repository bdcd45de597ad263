'use strict';
'require view';
'require uwand.bus as bus';
'require uwand.graph as graph';
'require uwand.live as live';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.words as words';

/* Network › Cellular › Watchdog: whether traffic flows, what would be done, and what was. */

const HOUR = 3600, DAY = 86400, MOST = 50;

function next(step) {
	if (!step || step.rung == 'none' || !step.rung)
		return step && step.why ? step.why : _('Nothing is planned.');

	const what = step.rung == 'probe' ? _('Probe again') : step.rung == 'retry' ? _('Try to connect again') : words.rung(step.rung);
	const when = show.known(step.seconds) ? _('in %s').format(show.duration(step.seconds)) : '';

	return [ what, when, step.why ? '(%s)'.format(step.why) : '' ].filter(show.known).join(' ');
}

function budget(spent) {
	if (!spent)
		return '';

	const text = _('%d of %d resets and power cuts used in 24 hours').format(spent.used || 0, spent.limit || 0);

	return show.known(spent.free_in) ? text + '; ' + _('one is free again in %s').format(show.duration(spent.free_in)) : text;
}

function power(method) {
	if (!method)
		return '';

	const others = method.others || [];

	const how = method.method == 'none' ? '' : method.method;

	return [ how, others.length ? _('also cuts off %s').format(others.join(', ')) : '', method.note ].filter(show.known);
}

function rungLine(rung) {
	const text = [ E('strong', {}, [ words.rung(rung.rung) ]), parts.state(rung.state, words.rungState(rung.state)) ];

	return E('li', {}, text.concat([ E('small', {}, [ rung.why || words.rungEffect(rung.rung) ]) ]));
}

function triedLine(rung) {
	return '%s: %s%s'.format(words.rung(rung.rung), rung.worked ? _('worked') : _('did not help'), rung.why ? ' (%s)'.format(rung.why) : '');
}

function cellLine(cell) {
	if (!cell)
		return '';

	const id = show.known(cell.cell_id) ? _('cell %s').format(cell.cell_id) : '';

	return [ show.operator(cell), words.technology(cell.technology), cell.band, show.physical(cell), id ].filter(show.known).join(', ');
}

function signalLine(signal) {
	const one = function(name, unit) { return show.known((signal || {})[name]) ? '%s %s'.format(name.toUpperCase(), show.unit(signal[name], unit)) : '' };

	return [ one('rsrp', 'dBm'), one('rsrq', 'dB'), one('sinr', 'dB'), one('rssi', 'dBm') ].filter(show.known).join(', ');
}

/* An outage begins when it is called so; traffic may have stopped before. */
function lasted(outage) {
	const seconds = show.duration(Math.max(outage.seconds || 0, outage.traffic_lost_s || 0));

	return outage.open ? _('for %s, not over').format(seconds) : _('lasted %s').format(seconds);
}

/* What the probes of one interface say and cost. */
function probes(status, name) {
	const one = (((status || {}).data || {}).interfaces || []).filter(function(each) { return each.interface === name })[0] || {};
	const watchdog = one.watchdog || {};
	const answer = show.known(watchdog.rtt_ms) ? [ show.unit(watchdog.rtt_ms, 'ms'), watchdog.target ].filter(show.known).join(', ') : '';

	return [
		[ _('Last answer'), answer ],
		[ _('Loss of the last 20 rounds'), show.unit(watchdog.loss, '%') ],
		[ _('Data used by watching'), show.known(watchdog.bytes_month) ? _('%s a month at the most').format(show.bytes(watchdog.bytes_month)) : '' ]
	];
}

function outageLine(outage) {
	const when = show.date(outage.begin) || show.ago(outage.ago);
	const cured = outage.cured_by ? _('ended by: %s').format(words.rung(outage.cured_by)) : '';
	const head = [ E('strong', {}, [ words.fault(outage.fault) ]), [ when, outage.interface, lasted(outage), cured ].filter(show.known).join(' · ') ];
	const rows = [
		[ _('What happened'), outage.text ],
		[ _('How it was known'), outage.evidence || [] ],
		[ _('What was tried'), (outage.rungs || []).map(triedLine) ],
		[ _('Cell before'), cellLine(outage.cell) ],
		[ _('Signal before'), signalLine(outage.signal) ],
		[ _('Without traffic'), show.duration(outage.traffic_lost_s) ]
	];

	const key = '%s/%s/%s'.format(outage.interface, outage.begin || '', outage.fault);

	return E('li', { 'class': outage.open ? 'uw-open' : '', 'data-key': key }, [ E('details', { open: outage.open ? '' : null }, [ E('summary', {}, head), parts.pairs(rows) ]) ]);
}

return view.extend({
	chosen: null,
	seconds: HOUR,

	load: function() {
		return live.ask('status', {});
	},

	plan: function() {
		if (!this.chosen)
			return [ [ 'status', 'status', {} ] ];

		return [ [ 'explain', 'explain', { 'interface': this.chosen } ], [ 'outages', 'outages', { limit: MOST } ], [ 'history', 'history', { 'interface': this.chosen, seconds: this.seconds } ], [ 'status', 'status', {} ] ];
	},

	render: function(first) {
		const content = E('div'), pick = E('span');
		const choose = (function(status) { this.choose(pick, status) }).bind(this);
		const self = this, ask = this.ask = live.start(this.plan.bind(this), function(known) {
			choose(known.status || first);
			parts.replace(content, self.content(known));
		});

		choose(first);
		ask.refresh();

		const range = parts.picker(_('Graphs show'), [ [ String(HOUR), _('the last hour') ], [ String(DAY), _('the last day') ] ], String(HOUR), function(value) {
			self.seconds = Number(value);
			ask.refresh();
		});

		return parts.page(_('Watchdog'), _('Whether traffic really flows, what the router would do if it did not, and every outage with its cause.'), [ E('div', { 'class': 'uw-actions' }, [ pick, range ]), content ]);
	},

	/* The interface to show; drawn anew only when the choice itself changes. */
	choose: function(node, status) {
		const names = ((status.data || {}).interfaces || []).map(function(one) { return one.interface }), self = this;

		if (names.length && names.indexOf(this.chosen) < 0)
			this.chosen = names[0];

		if (this.names === names.join(' '))
			return;

		this.names = names.join(' ');
		parts.replace(node, names.length ? [ parts.picker(_('Interface'), names.map(function(name) { return [ name, name ] }), this.chosen, function(value) {
			self.chosen = value;
			self.ask.refresh();
		}) ] : []);
	},

	content: function(known) {
		const status = known.status || {}, explain = known.explain || {};

		if (status.error && (!explain.data || status.error.kind == 'absent'))
			return [ parts.missing(status.error) ];

		if (!this.chosen)
			return [ parts.empty(_('No interface uses the cellular service'), _('Add one with the protocol “Cellular (uwand)” under Network › Interfaces.')) ];

		return [ this.now(explain, status), this.graphs(known), this.journal(known.outages || {}) ];
	},

	now: function(explain, status) {
		if (explain.error)
			return parts.section(_('Now'), [ parts.missing(explain.error) ]);

		const told = explain.data || {};
		const rows = [
			[ _('What is wrong'), told.text ],
			[ _('How it is known'), told.evidence || [] ],
			[ _('Doing now'), told.doing ],
			[ _('Next'), next(told.next) ],
			[ _('Budget'), budget(told.budget) ],
			[ _('Cuts power by'), power(told.power) ],
			[ _('Cured it last time'), words.rung(told.remembered) ]
		].concat(probes(status, this.chosen));

		return parts.section(_('Now'), [
			E('div', { 'class': 'uw-head' }, [ parts.state(told.health, words.health(told.health)), told.fault ? E('span', { 'class': 'uw-big' }, [ words.fault(told.fault) ]) : '', E('span', {}, [ told.state ? '%s, %s'.format(words.link(told.state), show.duration(told.since)) : '' ]) ]),
			parts.pairs(rows),
			E('h4', {}, [ _('What it would try, in this order') ]),
			(told.ladder || []).length ? E('ol', { 'class': 'uw-ladder' }, told.ladder.map(rungLine)) : parts.empty(_('Nothing: the watchdog is off'))
		]);
	},

	graphs: function(known) {
		const history = known.history || {}, all = (history.data || {}).series || [], id = this.chosen;
		const line = function(name, title) {
			return all.filter(function(one) { return one.id === id && one.name === name }).map(function(one) { return { name: name, title: title, points: one.points } });
		};

		return parts.section(_('Latency and loss'), history.error ? [ parts.missing(history.error) ] : [ E('div', { 'class': 'uw-columns' }, [
			graph.draw(_('Latency'), line('rtt_ms', _('Answer time')), { seconds: this.seconds, floor: 0, unit: 'ms' }),
			graph.draw(_('Loss'), line('loss', _('Lost probes')), { seconds: this.seconds, floor: 0, unit: '%' })
		]) ]);
	},

	journal: function(outages) {
		if (outages.error)
			return parts.section(_('Outages'), [ parts.missing(outages.error) ]);

		const all = (outages.data || {}).outages || [];

		return parts.section(_('Outages'), [ all.length ? E('ol', { 'class': 'uw-timeline' }, all.map(outageLine)) : parts.empty(_('No outage was recorded'), _('The journal is kept while the router runs.')) ]);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
