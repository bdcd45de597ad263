'use strict';
'require baseclass';

/*
 * PURE. What watching costs a month on an idle, healthy link, by the daemon's own rule
 * (src/watchdog/cost.rs, src/target.rs; a test compares the figures).
 */

const MONTH = 30 * 86400;

/* From this interval on, every second round of an idle link is left out. */
const LONG = 30;

const ECHO_PAYLOAD = 4, DNS_BOTH = 109, NAME_BOTH = 128, HTTP_ANSWER = 1024, HTTP_REQUEST = 80;

/* What is asked where nothing is configured, the network's own servers apart. */
const DEFAULT_TARGETS = [ '1.1.1.1', '2606:4700:4700::1111' ];

function isV6(host) {
	return host.indexOf(':') !== host.lastIndexOf(':');
}

function isAddress(host) {
	return isV6(host) || (/^[0-9.]+$/).test(host);
}

function header(host) {
	return isV6(host) ? 40 : 20;
}

/* Host of "HOST:PORT", "[V6]:PORT" or "HOST". */
function hostOf(service) {
	const bracket = (/^\[([^\]]+)\]/).exec(service);

	return bracket ? bracket[1] : service.split(':')[0];
}

/* What it costs to find the address of a name. */
function nameCost(host) {
	return isAddress(host) ? 0 : 2 * (20 + 8) + NAME_BOTH + 2 * host.length;
}

/* SYN and its answer with their options, the acknowledgement, and the reset that ends it. */
function tcpCost(host) {
	return nameCost(host) + 4 * header(host) + 40 + 40 + 32 + 20;
}

function httpCost(url) {
	const slash = url.indexOf('/'), service = slash < 0 ? url : url.slice(0, slash);
	const path = slash < 0 ? '/' : url.slice(slash), host = hostOf(service);

	return tcpCost(host) + 4 * (header(host) + 32) + HTTP_ANSWER + HTTP_REQUEST + path.length;
}

/* Bytes of one answered probe, both ways. */
function probe(target) {
	if (target.indexOf('dns:') === 0)
		return 2 * (header(target.slice(4)) + 8) + DNS_BOTH;

	if (target.indexOf('tcp:') === 0)
		return tcpCost(hostOf(target.slice(4)));

	if (target.indexOf('http://') === 0)
		return httpCost(target.slice(7));

	return 2 * (header(target) + 8 + ECHO_PAYLOAD);
}

/* {enabled, interval, quorum, targets} -> bytes, or null where these are no numbers. */
function month(settings) {
	const interval = settings.interval, quorum = settings.quorum;
	const targets = settings.targets && settings.targets.length ? settings.targets : DEFAULT_TARGETS;

	if (!settings.enabled)
		return 0;

	if (!(interval >= 1) || !(quorum >= 1))
		return null;

	const gap = interval >= LONG ? interval * 2 : interval;
	const dearest = targets.map(probe).sort(function(a, b) { return b - a }).slice(0, quorum);

	return Math.floor(MONTH / gap) * dearest.reduce(function(sum, one) { return sum + one }, 0);
}

return baseclass.extend({
	probe: probe,
	month: month
});
