'use strict';
'require baseclass';
'require uwand.live as live';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.words as words';

/* Status › Overview: every cellular interface in one glance. */

function modemOf(status, one) {
	return (status.modems || []).filter(function(modem) { return modem.id === one.modem })[0] || {};
}

function card(status, one) {
	const modem = modemOf(status, one), signal = modem.signal || {};
	const rows = [
		[ _('State'), E('span', {}, [ parts.state(one.state, words.link(one.state)), ' ', _('for %s').format(show.duration(one.since)) ]) ],
		[ _('Operator'), show.operator(modem) ],
		[ _('Technology'), words.technology(one.technology || modem.technology) ],
		[ _('Signal'), parts.bars(signal.bars) ],
		[ _('Address'), show.addresses(one.ipv4).concat(show.addresses(one.ipv6)) ],
		[ _('Error'), one.error ? words.error(one.error) || one.error : '' ]
	];

	return E('div', { 'data-key': one.interface }, [ E('h4', {}, [ one.interface ]), parts.pairs(rows) ]);
}

return baseclass.extend({
	title: _('Cellular'),

	/* The overview polls in hidden windows, too; this part of it does not. */
	load: function() {
		return document.hidden && this.last ? Promise.resolve(this.last) : live.ask('status', {});
	},

	render: function(result) {
		this.last = result;
		parts.style();

		if (result.error)
			return E('div', { 'class': 'uw' }, [ parts.missing(result.error) ]);

		const interfaces = result.data.interfaces || [];

		/* Nothing of ours is configured: the overview leaves the section out. */
		if (!interfaces.length)
			return null;

		return E('div', { 'class': 'uw uw-columns' }, interfaces.map(card.bind(null, result.data)));
	}
});
