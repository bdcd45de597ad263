'use strict';
'require form';
'require network';
'require uwand.apn as apn';
'require uwand.bus as bus';
'require uwand.cost as cost';
'require uwand.options as options';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.words as words';

/*
 * Network › Interfaces: the protocol “Cellular (uwand)”. The options stand in uwand/options.js;
 * here is how each kind of option is drawn.
 */

/* LuCI's own words stand for codes that it knows already; getErrors below has ours first. */
Object.keys(words.ERRORS).forEach(function(code) { network.registerErrorCode(code, words.error(code)) });

network.registerPatternVirtual(/^uwand-.+$/);

/* One question for all options of a form: it shows the modems and the SIM's home network. */
let asked = null;

function status() {
	if (!asked) {
		asked = bus.call('status', {}).catch(function() { return {} });
		window.setTimeout(function() { asked = null }, 3000);
	}

	return asked;
}

/* How the option "device" calls a modem so that it means the same one after a restart. */
function address(modem) {
	return modem.id;
}

function modemTitle(modem) {
	const sim = show.known(modem.sim) ? words.sim(modem.sim) : '';

	return [ show.modemName(modem), show.operator(modem), sim ].filter(show.known).join(', ');
}

/* The modem that this section means, or the only one. */
function modemOf(told, device) {
	const modems = told.modems || [];

	return modems.filter(function(modem) { return [ modem.id, modem.device ].indexOf(device) > -1 })[0] || (modems.length === 1 ? modems[0] : null);
}

function loaded(option, fill) {
	option.load = function(section_id) {
		const self = this;

		return status().then(function(told) {
			fill.call(self, told, section_id);

			return form.Value.prototype.load.apply(self, [ section_id ]);
		});
	};
}

const DRAW = {
	text: function(s, spec) {
		const o = s.taboption(spec.tab, form.Value, spec.name, spec.title, spec.help);

		if (spec.pattern)
			o.validate = function(section_id, value) { return !value || new RegExp('^' + spec.pattern + '$').test(value) || spec.wrong };
		else
			o.datatype = spec.datatype || (spec.max ? 'maxlength(%d)'.format(spec.max) : null);

		return o;
	},

	secret: function(s, spec) {
		const o = DRAW.text(s, spec);

		o.password = true;

		return o;
	},

	number: function(s, spec) {
		const o = s.taboption(spec.tab, form.Value, spec.name, spec.title, spec.help);

		o.datatype = 'and(uinteger,range(%d,%d))'.format(spec.range[0], spec.range[1]);

		return o;
	},

	flag: function(s, spec) {
		return s.taboption(spec.tab, form.Flag, spec.name, spec.title, spec.help);
	},

	choice: function(s, spec) {
		const o = s.taboption(spec.tab, form.ListValue, spec.name, spec.title, spec.help);

		spec.choices.forEach(function(choice) { o.value(choice[0], choice[1]) });

		return o;
	},

	list: function(s, spec) {
		const o = s.taboption(spec.tab, form.DynamicList, spec.name, spec.title, spec.help);

		spec.choices.forEach(function(choice) { o.value(choice[0], choice[1]) });

		return o;
	},

	targets: function(s, spec) {
		const o = s.taboption(spec.tab, form.DynamicList, spec.name, spec.title, spec.help);

		o.validate = function(section_id, value) { return !value || options.checkTarget(value) };

		return o;
	},

	power: function(s, spec) {
		const o = DRAW.text(s, spec);

		spec.choices.forEach(function(choice) { o.value(choice[0], choice[1]) });
		o.validate = function(section_id, value) { return !value || options.checkPower(value) };

		return o;
	},

	modem: function(s, spec) {
		const o = s.taboption(spec.tab, form.Value, spec.name, spec.title, spec.help);

		o.value('auto', _('Automatic: the only modem'));
		loaded(o, function(told) {
			const self = this;

			(told.modems || []).forEach(function(modem) { self.value(address(modem), modemTitle(modem)) });
		});

		return o;
	},

	apn: function(s, spec) {
		const o = DRAW.text(s, spec);

		loaded(o, function(told, section_id) {
			const modem = modemOf(told, this.map.data.get('network', section_id, 'device')), self = this;

			apn.suggest(modem && modem.imsi).forEach(function(name) { self.value(name) });
		});

		return o;
	}
};

/* The form's value while a person types; what the option has otherwise. */
function typed(s, section_id, name) {
	const o = s.children.filter(function(child) { return child.option === name })[0];
	const spec = options.OPTIONS.filter(function(one) { return one.name === name })[0];
	const value = o ? o.formvalue(section_id) : null;

	return show.known(value) && value.length ? value : spec.default;
}

function costText(s, section_id) {
	const bytes = cost.month({
		enabled: typed(s, section_id, 'watchdog') !== '0',
		interval: Number(typed(s, section_id, 'watchdog_interval')),
		quorum: Number(typed(s, section_id, 'watchdog_quorum')),
		targets: [].concat(typed(s, section_id, 'watchdog_target') || [])
	});

	return bytes === null ? _('not to be computed from these values') : _('about %s a month at the most; traffic of your own makes it less').format(show.bytes(bytes));
}

function drawCost(s) {
	const o = s.taboption('uwand_watchdog', form.DummyValue, '_uwand_cost', _('Data used by watching'));

	o.cfgvalue = function() { return '' };
	o.renderWidget = function(section_id) {
		const node = E('output', { 'class': 'uw-cost', 'aria-live': 'polite' });
		const update = function() {
			if (node.isConnected)
				node.textContent = costText(s, section_id);
		};

		/* After LuCI has set the values of the event's field, and once the form is there. */
		const later = function() { window.setTimeout(update, 0) };

		[ 'input', 'change', 'widget-change', 'cbi-dynlist-change' ].forEach(function(name) { document.addEventListener(name, later) });
		window.setTimeout(update, 100);
		window.setTimeout(update, 1000);

		return node;
	};

	o.depends('watchdog', '1');
}

function draw(s, spec) {
	const o = DRAW[spec.kind](s, spec);

	if (spec.placeholder || spec.default)
		o.placeholder = spec.placeholder || spec.default;

	/* A number's or text's default is the daemon's own and shown as a placeholder only. */
	if (spec.default && [ 'flag', 'choice' ].indexOf(spec.kind) > -1)
		o.default = spec.default;

	(spec.when || []).forEach(function(when) { o.depends(when) });
}

return network.registerProtocol('uwand', {
	getI18n: function() {
		return _('Cellular (uwand)');
	},

	getIfname: function() {
		return this._ubus('l3_device') || 'uwand-%s'.format(this.sid);
	},

	getPackageName: function() {
		return 'uwand';
	},

	isFloating: function() {
		return true;
	},

	isVirtual: function() {
		return true;
	},

	getDevices: function() {
		return null;
	},

	containsDevice: function(ifname) {
		return network.getIfnameOf(ifname) == this.getIfname();
	},

	/* Our words for the code with its advice, then what the daemon and the network said. */
	getErrors: function() {
		const errors = this._ubus('errors');

		if (!Array.isArray(errors))
			return null;

		return errors.filter(function(one) { return one && one.code }).map(function(one) {
			const said = Array.isArray(one.data) ? one.data.join('; ') : '';

			return [ words.error(one.code) || one.code, said ? '(%s)'.format(said) : '' ].filter(show.known).join(' ');
		});
	},

	renderFormOptions: function(s) {
		parts.style();

		Object.keys(options.TABS).forEach(function(name) {
			try {
				if (options.TABS[name])
					s.tab(name, options.TABS[name]);
			}
			catch (e) {
				/* the tab is there from an earlier drawing */
			}
		});

		options.OPTIONS.forEach(draw.bind(null, s));
		drawCost(s);
	}
});
