'use strict';
'require baseclass';
'require uwand.live as live';
'require uwand.parts as parts';
'require uwand.show as show';

/*
 * A page about one modem: chooses it where there are several, and goes from "no modem" to the
 * page and back as modems come and go. What draw(modem) gives is left alone as long as the
 * same modem stays, so that nobody loses what was typed.
 */

function chosenOf(open, id) {
	return open.filter(function(modem) { return modem.id === id })[0] || open[0] || null;
}

function attach(node, draw) {
	const pick = E('div', { 'class': 'uw-actions' }), body = E('div');
	let id = null, drawn = null, latest = null;

	function content(status) {
		const open = parts.openModems(status), modem = chosenOf(open, id);
		const key = modem ? modem.id : null;

		parts.replace(pick, open.length > 1 ? [ parts.picker(_('Modem'), open.map(function(one) { return [ one.id, show.modemName(one) ] }), key, function(value) {
			id = value;
			content(latest);
		}) ] : []);

		if (!modem) {
			drawn = null;
			parts.replace(body, [ parts.noModem(status) ]);
			return;
		}

		if (drawn === key)
			return;

		drawn = key;
		body.textContent = '';
		draw(modem, status).forEach(function(child) { body.appendChild(child) });
	}

	const ask = live.start(function() { return [ [ 'status', 'status', {} ] ] }, function(known) {
		if (known.status.error) {
			drawn = null;
			parts.replace(pick, []);
			parts.replace(body, [ parts.missing(known.status.error) ]);
			return;
		}

		latest = known.status.data;
		content(latest);
	});

	node.appendChild(pick);
	node.appendChild(body);

	return ask.refresh();
}

return baseclass.extend({
	/* A page with this head; the promise is of what LuCI's render() gives. */
	open: function(title, intro, draw) {
		const node = E('div');

		attach(node, draw);

		return parts.page(title, intro, [ node ]);
	}
});
