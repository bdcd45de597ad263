'use strict';
'require baseclass';
'require ui';
'require uwand.show as show';
'require uwand.words as words';

/*
 * What the pages are built of. Every text that comes from the air, a SIM or a person is a
 * child in a list: LuCI's E() takes a bare string as HTML, a list's members as text.
 */

/* Once a page; style and markup belong together, so the link is made with the first part. */
function style() {
	const id = 'uwand-style';

	if (!document.getElementById(id))
		document.head.appendChild(E('link', { id: id, rel: 'stylesheet', href: L.resource('uwand/style.css') }));
}

function list(children) {
	return (Array.isArray(children) ? children : [ children ]).filter(function(child) { return child !== null && child !== undefined });
}

function page(title, intro, children) {
	style();

	return E('div', { 'class': 'uw' }, [ E('h2', {}, [ title ]), E('div', { 'class': 'cbi-map-descr' }, [ intro ]) ].concat(list(children)));
}

function section(title, children) {
	return E('div', { 'class': 'cbi-section uw-section', 'data-key': title }, [ E('h3', {}, [ title ]) ].concat(list(children)));
}

/* Titles and texts; a text may be a node, or a list of texts, one a line. */
function pairs(table) {
	const nodes = [];

	show.rows(table).forEach(function(row) {
		const values = list(row[1]).map(function(value) { return E('div', {}, [ value ]) });

		nodes.push(E('dt', {}, [ row[0] ]), E('dd', {}, values));
	});

	return E('dl', { 'class': 'uw-pairs' }, nodes);
}

/* A table that becomes one of cards where it is narrow: each cell knows its column's title. */
function table(titles, rows, caption) {
	const head = E('tr', {}, titles.map(function(title) { return E('th', { scope: 'col' }, [ title ]) }));
	const body = rows.map(function(row) {
		return E('tr', {}, row.map(function(cell, i) { return E('td', { 'data-title': titles[i] }, list(cell)) }));
	});

	return E('table', { 'class': 'uw-table', 'aria-label': caption }, [ E('thead', {}, [ head ]), E('tbody', {}, body) ]);
}

function empty(title, text) {
	return E('div', { 'class': 'uw-empty', 'role': 'status' }, list([ E('strong', {}, [ title ]), text ? E('p', {}, [ text ]) : null ]));
}

function badge(kind, text) {
	return E('span', { 'class': 'uw-badge uw-' + kind }, [ text ]);
}

const STATE_KINDS = {
	'up': 'good', 'healthy': 'good', 'ok': 'good', 'open': 'good', 'delivered': 'good',
	'suspect': 'fair', 'connecting': 'fair', 'opening': 'fair', 'waiting': 'fair', 'recovering': 'fair', 'warn': 'fair',
	'blocked': 'bad', 'stalled': 'bad', 'hung': 'bad', 'missing': 'bad', 'fail': 'bad', 'failed': 'bad'
};

function state(label, text) {
	return badge(STATE_KINDS[label] || 'none', text);
}

/* Bars with their number for who cannot see them; empty where the modem tells none. */
function bars(count) {
	if (count === null || count === undefined)
		return E('span', {}, [ _('no signal told') ]);

	const steps = [ 1, 2, 3, 4, 5 ].map(function(n) { return E('i', { 'class': n <= count ? 'uw-on' : '', 'style': 'height:%dpx'.format(3 + 3 * n) }) });

	return E('span', { 'class': 'uw-bars', 'role': 'img', 'aria-label': _('%d of 5 bars').format(count) }, steps);
}

/* A metric with its quality in a word, so that colour is never the only sign. */
function metric(name, value, unit) {
	const level = show.quality(name, value), text = show.unit(value, unit);

	if (level === null || text === '')
		return text;

	return E('span', {}, [ text + ' ', badge([ 'bad', 'bad', 'fair', 'good' ][level], show.qualityWord(level)) ]);
}

function picker(title, choices, value, change) {
	const options = choices.map(function(choice) {
		return E('option', { value: choice[0], selected: choice[0] === value ? '' : null }, [ choice[1] ]);
	});

	return E('label', { 'class': 'uw-picker' }, [ E('span', {}, [ title ]), E('select', { 'class': 'cbi-input-select', change: function(ev) { change(ev.target.value) } }, options) ]);
}

function field(title, attributes) {
	const input = E('input', Object.assign({ 'class': 'cbi-input-text', type: 'text', autocomplete: 'off' }, attributes));

	return { node: E('label', { 'class': 'uw-field' }, [ E('span', {}, [ title ]), input ]), input: input };
}

/* Busy while its work runs; work gives a promise. */
function button(text, kind, work, title) {
	return E('button', { 'class': 'btn cbi-button cbi-button-' + kind, type: 'button', title: title, click: ui.createHandlerFn(null, work) }, [ text ]);
}

/* A region that a screen reader reads out when its content changes. */
function outcome() {
	const node = E('div', { 'class': 'uw-outcome', 'role': 'status', 'aria-live': 'polite' });

	function say(kind, text) {
		while (node.firstChild)
			node.removeChild(node.firstChild);

		if (text)
			node.appendChild(E('div', { 'class': 'alert-message ' + kind }, list(text)));
	}

	return {
		node: node,
		clear: function() { say('', null) },
		good: function(text) { say('success', text) },
		warn: function(text) { say('warning', text) },
		bad: function(error) { say('error', error.message || String(error)) }
	};
}

/* Resolves to whether the person agrees; Escape and Cancel do not. */
function confirm(title, paragraphs, yes) {
	return new Promise(function(resolve) {
		const end = function(answer) {
			document.removeEventListener('keydown', escape);
			ui.hideModal();
			resolve(answer);
		};
		const escape = function(ev) {
			if (ev.key == 'Escape')
				end(false);
		};
		const no = E('button', { 'class': 'btn', type: 'button', click: function() { end(false) } }, [ _('Cancel') ]);
		const ok = E('button', { 'class': 'btn cbi-button cbi-button-negative important', type: 'button', click: function() { end(true) } }, [ yes ]);

		document.addEventListener('keydown', escape);
		ui.showModal(title, paragraphs.map(function(text) { return E('p', {}, [ text ]) }).concat([ E('div', { 'class': 'right' }, [ no, ' ', ok ]) ]));
		no.focus();
	});
}

/* Of a node’s children the one that the fresh node is a new edition of. */
function edition(node, fresh, i) {
	const key = fresh.getAttribute && fresh.getAttribute('data-key');

	if (!key)
		return node.childNodes[i];

	return Array.prototype.filter.call(node.childNodes, function(one) { return one.getAttribute && one.getAttribute('data-key') === key })[0];
}

function same(old, fresh) {
	return old && old.nodeName === fresh.nodeName && (old.nodeType !== 1 || old.getAttribute('data-key') === fresh.getAttribute('data-key'));
}

/* The fresh node’s attributes; what a person did (unfolded, a button at work) stays. */
function retitle(old, fresh) {
	if (old.nodeName == 'DETAILS')
		return;

	Array.prototype.slice.call(old.attributes).forEach(function(one) {
		if (!fresh.hasAttribute(one.name))
			old.removeAttribute(one.name);
	});

	Array.prototype.forEach.call(fresh.attributes, function(one) {
		if (old.getAttribute(one.name) !== one.value)
			old.setAttribute(one.name, one.value);
	});
}

/*
 * New content in place of the old, touching only what differs: focus, selection, unfolded
 * details and the place of a screen reader stay. Nodes with a data-key are the same only
 * where the key is; buttons with the same words keep what they do.
 */
function morph(old, fresh) {
	const nodes = Array.prototype.slice.call(fresh.childNodes);

	nodes.forEach(function(node, i) {
		const now = edition(old, node, i), place = old.childNodes[i] || null;

		if (!same(now, node)) {
			old.insertBefore(node, place);
			return;
		}

		if (now !== place)
			old.insertBefore(now, place);

		if (now.nodeType !== 1)
			now.data !== node.data && (now.data = node.data);
		else if (now.nodeName != 'BUTTON')
			retitle(now, node), morph(now, node);
		else if (now.textContent !== node.textContent)
			old.replaceChild(node, now);
	});

	while (old.childNodes.length > nodes.length)
		old.removeChild(old.lastChild);
}

function replace(node, children) {
	morph(node, E('div', {}, list(children)));
}

/* What stands in the place of data when there is none. */
function missing(error) {
	return empty(error.kind == 'absent' ? _('The cellular service does not run') : _('No data'), error.message);
}

function modems(status) {
	return (status && status.modems) || [];
}

/* Modems that can be asked something. */
function openModems(status) {
	return modems(status).filter(function(modem) { return modem.state == 'open' });
}

function noModem(status) {
	const seen = modems(status).filter(function(modem) { return modem.state == 'seen' });

	if (seen.length)
		return empty(_('No modem is in use'), _('%s is present. An interface of the protocol “Cellular (uwand)” that names it puts it to use: Network › Interfaces.').format(show.modemName(seen[0])));

	const gone = modems(status)[0];

	if (gone)
		return empty(_('The modem is away'), '%s: %s. '.format(show.modemName(gone), words.modem(gone.state)) + _('This page goes on as soon as it is back.'));

	return empty(_('No modem is present'), _('Plug one in; it is found without a restart. Its kernel driver (kmod-usb-net-cdc-mbim or kmod-usb-net-qmi-wwan) must be installed.'));
}

return baseclass.extend({
	style: style,
	page: page,
	section: section,
	pairs: pairs,
	table: table,
	empty: empty,
	badge: badge,
	state: state,
	bars: bars,
	metric: metric,
	picker: picker,
	field: field,
	button: button,
	outcome: outcome,
	confirm: confirm,
	replace: replace,
	missing: missing,
	openModems: openModems,
	noModem: noModem
});
