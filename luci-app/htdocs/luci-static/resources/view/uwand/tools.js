'use strict';
'require view';
'require uwand.bus as bus';
'require uwand.modempage as modempage';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.tracing as tracing';

/* Network › Cellular › Tools: a check-up, AT commands, and a recording of control messages. */

const MOST_LINES = 400;

function findingRow(finding) {
	const result = { ok: _('good'), warn: _('warning'), fail: _('fault') }[finding.result] || finding.result;

	return [ parts.state(finding.result, result), finding.what || finding.check, [ finding.why, finding.remedy ].filter(show.known).join(' ') ];
}

/* Faults first, then warnings. */
function worstFirst(findings) {
	const order = [ 'fail', 'warn', 'ok' ];

	return findings.slice().sort(function(a, b) { return order.indexOf(a.result) - order.indexOf(b.result) });
}

function saveAs(name, bytes) {
	const url = URL.createObjectURL(new Blob([ bytes ], { type: 'application/vnd.tcpdump.pcap' }));
	const link = E('a', { href: url, download: name });

	document.body.appendChild(link);
	link.click();
	document.body.removeChild(link);
	window.setTimeout(function() { URL.revokeObjectURL(url) }, 10000);
}

return view.extend({
	render: function() {
		const page = modempage.open(_('Tools'), _('For looking closer when something is wrong.'), this.draw.bind(this));

		page.appendChild(this.doctor());

		return page;
	},

	draw: function(modem) {
		return [ this.console(modem), this.trace(modem) ];
	},

	doctor: function() {
		const node = E('div');
		const look = function() {
			return bus.call('doctor', {}).then(function(reply) {
				parts.replace(node, [ parts.table([ _('Result'), _('Finding'), _('Why, and what helps') ], worstFirst(reply.findings || []).map(findingRow), _('Findings')) ]);
			}, function(error) { parts.replace(node, [ parts.missing(error) ]) });
		};

		return parts.section(_('Check-up'), [ E('p', { 'class': 'uw-hint' }, [ _('Looks through drivers, devices, configuration and SIM for what usually goes wrong. Nothing is changed.') ]), E('div', { 'class': 'uw-actions' }, [ parts.button(_('Check now'), 'action', look) ]), node ]);
	},

	console: function(modem) {
		const command = parts.field(_('Command'), { placeholder: 'ATI', spellcheck: 'false', autocapitalize: 'characters' });
		const log = E('div', { 'class': 'uw-console', role: 'log', 'aria-live': 'polite', 'aria-label': _('Answers') }), say = parts.outcome();
		const print = function(text) {
			log.appendChild(E('div', {}, [ text ]));

			while (log.childNodes.length > MOST_LINES)
				log.removeChild(log.firstChild);

			log.scrollTop = log.scrollHeight;
		};
		const answer = function(reply) {
			(reply.lines || []).concat([ reply.result ]).filter(show.known).forEach(print);
		};

		const ask = function(text, force) {
			return bus.call('at', { modem: modem.id, command: text, force: force }).then(answer, function(error) {
				if (force || (error.message || '').indexOf('force') < 0)
					return say.bad(error);

				return parts.confirm(_('Send this command all the same?'), [ text, error.message ], _('Send it')).then(function(yes) { return yes ? ask(text, true) : null });
			});
		};

		const send = function() {
			const text = command.input.value.trim();

			if (!text)
				return say.warn([ _('A command is wanted, for example ATI.') ]);

			say.clear();
			print('> ' + text);
			command.input.value = '';

			return ask(text, undefined);
		};

		const button = parts.button(_('Send'), 'apply', send);

		command.input.addEventListener('keydown', function(ev) {
			if (ev.key == 'Enter') {
				ev.preventDefault();
				button.click();
			}
		});

		return parts.section(_('AT commands'), [ E('p', { 'class': 'uw-hint' }, [ _('Commands that can make a modem unusable are refused until you confirm them.') ]), log, E('div', { 'class': 'uw-actions' }, [ command.node, button ]), say.node ]);
	},

	trace: function(modem) {
		const count = E('p', { 'aria-live': 'polite' }, [ _('Nothing recorded.') ]), say = parts.outcome();
		let recording = null;

		const tell = function(messages) { count.textContent = _('%d messages recorded.').format(messages.length) };
		const start = function() {
			if (recording)
				return null;

			recording = tracing.record(modem.id, tell);

			return recording.started.then(function() { say.good([ _('Recording. What happens on the modem’s control channel now is in the capture.') ]) }, function(error) {
				recording = null;
				say.bad(error);
			});
		};
		const stop = function() {
			if (!recording)
				return say.warn([ _('Nothing is being recorded.') ]);

			const done = recording;

			recording = null;
			done.stop();
			saveAs('uwand-%s.pcap'.format(modem.id), done.capture());
			say.clear();
		};

		return parts.section(_('Recording of control messages'), [
			E('p', { 'class': 'uw-hint' }, [ _('A capture file for Wireshark. Numbers, identities, PINs and texts are masked in the router.') ]),
			E('div', { 'class': 'uw-actions' }, [ parts.button(_('Record'), 'action', start), parts.button(_('Stop and save'), 'apply', stop) ]), count, say.node
		]);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
