'use strict';
'require view';
'require uwand.bus as bus';
'require uwand.modempage as modempage';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.words as words';

/*
 * Network › Cellular › SIM: its locks. A wrong PIN costs a try, and the last one costs the SIM:
 * with one try left, or an unknown number of tries, nothing is sent before the person agreed.
 */

const PIN = { type: 'password', inputmode: 'numeric', maxlength: 8, pattern: '[0-9]*', autocomplete: 'off' };

/* What can be done with a SIM in this lock: [action, title, fields]. */
function actions(sim) {
	switch (sim.lock) {
	case 'pin':
		return [ [ 'unlock', _('Unlock'), [ 'pin' ] ] ];
	case 'puk':
		return [ [ 'unblock', _('Unblock with the PUK'), [ 'puk', 'new_pin' ] ] ];
	case 'none':
		return sim.enabled === false ? [ [ 'pin_enable', _('Ask for the PIN at power-on'), [ 'pin' ] ] ] : [ [ 'pin_change', _('Change the PIN'), [ 'pin', 'new_pin' ] ], [ 'pin_disable', _('Do not ask for the PIN any more'), [ 'pin' ] ] ];
	default:
		return [];
	}
}

function titleOf(field) {
	return { pin: _('PIN'), puk: _('PUK'), new_pin: _('New PIN') }[field];
}

/* Why these values cannot be sent, or null. The daemon checks the same; this saves a question. */
function wrong(values) {
	const pin = /^[0-9]{4,8}$/, puk = /^[0-9]{8}$/;

	if (values.puk !== undefined && !puk.test(values.puk))
		return _('A PUK has 8 digits.');

	if (values.pin !== undefined && !pin.test(values.pin))
		return _('A PIN has 4 to 8 digits.');

	if (values.new_pin !== undefined && !pin.test(values.new_pin))
		return _('The new PIN must have 4 to 8 digits.');

	return null;
}

function rows(sim) {
	return [
		[ _('SIM'), words.sim(sim.sim) ],
		[ _('Lock'), words.lock(sim.lock) ],
		[ _('PIN at power-on'), sim.enabled === undefined ? '' : sim.enabled ? _('asked for') : _('not asked for') ],
		[ _('Tries left for the PIN'), sim.pin_tries ],
		[ _('Tries left for the PUK'), sim.puk_tries ]
	];
}

function warning(sim) {
	const loss = sim.lock == 'puk' ? _('A wrong PUK now destroys the SIM for good.') : _('A wrong PIN now blocks the SIM until its PUK is entered.');

	return sim.tries === undefined ? [ _('The SIM does not tell how many tries are left.'), loss ] : [ _('Only one try is left.'), loss ];
}

/* Whether sending may cost more than a try, so that a person has to agree first. */
function isDangerous(sim) {
	return sim.tries === undefined || sim.tries <= 1;
}

return view.extend({
	render: function() {
		return modempage.open(_('SIM'), _('The SIM’s PIN and PUK. Nothing that is typed here is stored.'), this.draw.bind(this));
	},

	draw: function(modem) {
		const node = E('div'), say = parts.outcome(), self = this;
		const read = function() {
			return bus.call('sim', { modem: modem.id, action: 'status' }).then(function(sim) { self.show(node, modem, sim, say) }, function(error) {
				node.textContent = '';
				node.appendChild(parts.missing(error));
			});
		};

		this.read = read;
		read();

		return [ say.node, node, E('div', { 'class': 'uw-actions' }, [ parts.button(_('Look again'), 'action', read) ]) ];
	},

	show: function(node, modem, sim, say) {
		const possible = actions(sim), self = this;

		node.textContent = '';
		node.appendChild(parts.section(show.modemName(modem), [ parts.pairs(rows(sim)), isDangerous(sim) && possible.length ? E('div', { 'class': 'alert-message warning' }, [ warning(sim).join(' ') ]) : '' ]));
		possible.forEach(function(action) { node.appendChild(self.form(modem, sim, action, say)) });

		if (!possible.length)
			node.appendChild(parts.empty(_('Nothing can be done with this SIM here'), words.lock(sim.lock)));
	},

	form: function(modem, sim, action, say) {
		const fields = action[2].map(function(name) { return { name: name, field: parts.field(titleOf(name), PIN) } });
		const send = this.send.bind(this, modem, sim, action, fields, say);

		return parts.section(action[1], [ E('div', { 'class': 'uw-actions' }, fields.map(function(one) { return one.field.node }).concat([ parts.button(action[1], 'apply', send) ])) ]);
	},

	send: function(modem, sim, action, fields, say) {
		const values = {}, read = this.read;

		fields.forEach(function(one) { values[one.name] = one.field.input.value });

		const fault = wrong(values);

		if (fault)
			return Promise.resolve(say.warn([ fault ]));

		const danger = isDangerous(sim);
		const agreed = danger ? parts.confirm(_('Really send it?'), warning(sim), _('Send it')) : Promise.resolve(true);

		return agreed.then(function(yes) {
			if (!yes)
				return null;

			/* Only what the person agreed to is forced. */
			return bus.call('sim', Object.assign({ modem: modem.id, action: action[0], force: danger ? true : undefined }, values)).then(function() {
				say.good([ _('Done.') ]);
			}, say.bad).then(read);
		});
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
