'use strict';
'require view';
'require uwand.bus as bus';
'require uwand.modempage as modempage';
'require uwand.parts as parts';
'require uwand.show as show';
'require uwand.texting as texting';
'require uwand.words as words';

/* Network › Cellular › Messages: the SIM's and modem's short messages, and USSD. */

function other(message) {
	return message.from || message.to || '';
}

/* Messages with a date first, newest on top; then those without, as they are stored. */
function newestFirst(messages) {
	return messages.slice().sort(function(a, b) { return String(b.time || '').localeCompare(String(a.time || '')) });
}

/* The service centre's own time, with its zone, as it stands in the message. */
function stamp(message) {
	return (message.time || '').replace('T', ' ').replace(/([+-][0-9:]+)$/, ' $1');
}

function kind(message) {
	if (message.kind == 'report')
		return _('Report: %s').format(words.delivery(message.delivery));

	return words.folder(message.folder) || (message.kind == 'sent' ? _('Sent') : _('Received'));
}

function body(message) {
	if (show.known(message.text))
		return message.text;

	if (show.known(message.data))
		return _('Data: %s').format(message.data);

	return message.reason || '';
}

function missingParts(message) {
	return (message.missing || []).length ? _('Parts that have not come: %s of %d').format(message.missing.join(', '), message.parts) : '';
}

function card(message, remove) {
	const head = [ E('strong', {}, [ other(message) || _('Unknown sender') ]), E('span', {}, [ kind(message) ]), E('time', { datetime: message.time || null }, [ stamp(message) ]), remove ];

	return E('article', { 'class': 'uw-message', 'data-key': (message.ids || []).join(' ') }, [ E('header', {}, head), E('div', { 'class': 'uw-text' }, [ body(message) ]), E('small', {}, [ missingParts(message) ]) ]);
}

function size(text) {
	const told = texting.measure(text);

	return _('%d characters, %d messages').format(told.units, told.parts) + (told.unicode ? ' ' + _('(with characters outside the GSM alphabet)') : '');
}

return view.extend({
	render: function() {
		return modempage.open(_('Messages'), _('Short messages in the SIM and modem, and USSD codes.'), this.draw.bind(this));
	},

	draw: function(modem) {
		return [ this.inbox(modem), this.send(modem), this.ussd(modem) ];
	},

	inbox: function(modem) {
		const list = E('div', {}, [ E('p', { 'class': 'spinning' }, [ _('Reading the messages…') ]) ]), say = parts.outcome();
		const read = function() {
			return bus.call('sms_list', { modem: modem.id }).then(function(reply) {
				const all = newestFirst(reply.messages || []);

				parts.replace(list, all.length ? all.map(function(one) { return card(one, parts.button(_('Delete'), 'negative', remove.bind(null, one))) }) : [ parts.empty(_('No messages are stored')) ]);
			}, function(error) { parts.replace(list, [ parts.missing(error) ]) });
		};
		const remove = function(message) {
			return parts.confirm(_('Delete this message?'), [ other(message), body(message) ], _('Delete')).then(function(yes) {
				return yes ? bus.call('sms_delete', { modem: modem.id, ids: message.ids }).then(read, say.bad) : null;
			});
		};

		this.read = read;
		read();

		return parts.section(_('Stored messages'), [ say.node, E('div', { 'class': 'uw-actions' }, [ parts.button(_('Read again'), 'action', read) ]), list ]);
	},

	send: function(modem) {
		const number = parts.field(_('To'), { type: 'tel', maxlength: 24, placeholder: '+15550100017' });
		const text = E('textarea', { 'class': 'cbi-input-textarea', rows: 4, maxlength: 1530 }), count = E('small', {}, [ size('') ]), say = parts.outcome(), read = this.read;

		text.addEventListener('input', function() { count.textContent = size(text.value) });

		const send = function() {
			if (!number.input.value.trim() || !text.value)
				return say.warn([ _('A number and a text are wanted.') ]);

			return bus.call('sms_send', { modem: modem.id, number: number.input.value.trim(), text: text.value }).then(function(reply) {
				say.good([ _('Sent in %d parts.').format(reply.parts || 1) ]);
				text.value = '';
				count.textContent = size('');

				return read();
			}, say.bad);
		};

		return parts.section(_('Write a message'), [ number.node, E('label', { 'class': 'uw-field uw-wide' }, [ E('span', {}, [ _('Text') ]), text, count ]), E('div', { 'class': 'uw-actions' }, [ parts.button(_('Send'), 'apply', send) ]), say.node ]);
	},

	ussd: function(modem) {
		const code = parts.field(_('Code or answer'), { maxlength: 182, placeholder: '*100#' }), answer = E('div', { 'class': 'uw-console', 'aria-live': 'polite' }), say = parts.outcome();
		let asks = false;

		const ask = function(action) {
			const said = { modem: modem.id, action: action, text: action == 'cancel' ? undefined : code.input.value.trim() };

			return bus.call('ussd', said).then(function(reply) {
				asks = reply.state == 'asks';
				answer.textContent = [ words.ussd(reply.state), reply.text ].filter(show.known).join('\n\n');
				code.input.value = '';
				say.clear();
			}, say.bad);
		};
		const go = function() {
			return code.input.value.trim() ? ask(asks ? 'continue' : 'initiate') : say.warn([ _('A code is wanted.') ]);
		};

		return parts.section(_('USSD'), [
			E('p', { 'class': 'uw-hint' }, [ _('Short codes that the network answers at once, for example for a prepaid balance.') ]),
			E('div', { 'class': 'uw-actions' }, [ code.node, parts.button(_('Send'), 'apply', go), parts.button(_('End the dialogue'), 'reset', ask.bind(null, 'cancel')) ]),
			answer, say.node
		]);
	},

	handleSaveApply: null,
	handleSave: null,
	handleReset: null
});
