'use strict';
'require baseclass';
'require rpc';
'require uwand.bus as bus';
'require uwand.capture as capture';

/*
 * Records control messages: the daemon sends them to whoever subscribes to its object, and
 * uhttpd offers a subscription as an event stream (GET /ubus/subscribe/uwand; uhttpd's ubus.c).
 * Method "trace" keeps the tap open for 15 s at a time.
 */

const AGAIN = 5000, MOST = 20000;

function subscription(signal) {
	return fetch('%s/subscribe/uwand'.format((L.env.ubuspath || '/ubus/').replace(/\/$/, '')), {
		headers: { 'Authorization': 'Bearer ' + rpc.getSessionID() }, signal: signal
	}).then(function(response) {
		const type = response.headers.get('Content-Type') || '';

		if (!response.ok || type.indexOf('text/event-stream') < 0 || !response.body)
			throw new Error(_('This router’s web server cannot pass events on (it needs uhttpd-mod-ubus), or your login may not listen. “uwand trace --pcap FILE” does the same in a terminal.'));

		return response.body.getReader();
	});
}

function record(modem, tell) {
	const abort = new AbortController(), decoder = new TextDecoder(), messages = [];
	let rest = '', timer = null;

	const renew = function() { return bus.call('trace', { modem: modem }) };
	const take = function(event) {
		if (event.name == 'trace' && event.data.modem === modem && messages.length < MOST)
			messages.push({ at: Date.now(), direction: event.data.direction, control: event.data.control, hex: event.data.hex });
	};
	const read = function(reader) {
		return reader.read().then(function(chunk) {
			if (chunk.done)
				return null;

			const parsed = capture.events(rest + decoder.decode(chunk.value, { stream: true }));

			rest = parsed.rest;
			parsed.events.forEach(take);
			tell(messages);

			return read(reader);
		});
	};
	const stop = function() {
		window.clearInterval(timer);
		abort.abort();
	};

	/* The stream ends by stop(), or with the daemon: either way what came is kept. */
	const started = subscription(abort.signal).then(function(reader) {
		read(reader).catch(function() {});
		timer = window.setInterval(function() { renew().catch(function() {}) }, AGAIN);

		return renew();
	}).catch(function(error) {
		stop();
		throw error;
	});

	return { started: started, stop: stop, capture: function() { return capture.pcap(messages) } };
}

return baseclass.extend({
	record: record
});
