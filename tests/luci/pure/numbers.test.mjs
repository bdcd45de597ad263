import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../module.mjs';
import { recorded } from '../router.mjs';

const show = load('uwand.show'), cost = load('uwand.cost'), texting = load('uwand.texting'), apn = load('uwand.apn'), options = load('uwand.options');

test('durations are told in two units at the most', () => {
	assert.deepEqual([0, 59, 60, 61, 3600, 4321, 86400, 93784].map(show.duration), ['0 s', '59 s', '1 min', '1 min 1 s', '1 h', '1 h 12 min', '1 d', '1 d 2 h']);
	assert.deepEqual([undefined, null, NaN].map(show.duration), ['', '', '']);
});

test('bytes and rates have one digit where it says something', () => {
	assert.deepEqual([0, 1023, 1024, 9876543, 123456789].map(show.bytes), ['0 B', '1023 B', '1 KiB', '9.4 MiB', '118 MiB']);
	assert.deepEqual([0, 950, 1400000, 25e6].map(show.rate), ['0 bit/s', '950 bit/s', '1.4 Mbit/s', '25 Mbit/s']);
});

test('a signal has a word for its quality', () => {
	assert.deepEqual([-120, -110, -100, -80].map((v) => show.qualityWord(show.quality('rsrp', v))), ['bad', 'poor', 'fair', 'good']);
	assert.equal(show.quality('rsrp', undefined), null);
	assert.equal(show.quality('nonsense', 3), null);
});

test('the monthly cost is the daemon’s own figure', () => {
	const told = recorded('cost');
	assert.ok(told.months.length && told.probes.length);
	for (const one of told.months)
		assert.equal(cost.month({ enabled: true, interval: one.interval, quorum: one.quorum, targets: one.targets }), one.bytes, JSON.stringify(one));
	for (const one of told.probes)
		assert.equal(cost.probe(one.target), one.bytes, one.target);
});

test('watching that is off costs nothing, and nonsense has no cost', () => {
	assert.equal(cost.month({ enabled: false, interval: 30, quorum: 1, targets: [] }), 0);
	assert.equal(cost.month({ enabled: true, interval: NaN, quorum: 1, targets: [] }), null);
	assert.equal(cost.month({ enabled: true, interval: 0, quorum: 1, targets: [] }), null);
});

test('a long text is counted in messages, and one odd character makes them shorter', () => {
	assert.deepEqual(texting.measure(''), { parts: 0, units: 0, unicode: false });
	assert.equal(texting.measure('x'.repeat(160)).parts, 1);
	assert.equal(texting.measure('x'.repeat(161)).parts, 2);
	assert.equal(texting.measure('€'.repeat(80)).parts, 1);
	assert.deepEqual(texting.measure('ж'.repeat(71)), { parts: 2, units: 71, unicode: true });
});

test('suggestions come from the home network, whose code has five digits or six', () => {
	assert.deepEqual(apn.suggest('262021234567890'), ['web.vodafone.de']);
	assert.deepEqual(apn.suggest('310260123456789'), ['fast.t-mobile.com']);
	assert.deepEqual(apn.suggest('001010000000017'), []);
	assert.deepEqual([undefined, '', '26***', '26202'].map((imsi) => apn.suggest(imsi)), [[], [], [], []]);
	for (const [code, names] of Object.entries(apn.all()))
		assert.ok(/^\d{5,6}$/.test(code) && names.length && names.every((name) => /^[a-zA-Z0-9.-]+$/.test(name)), code);
});

test('a target is what the daemon can probe', () => {
	for (const good of ['1.1.1.1', '2606:4700:4700::1111', 'dns:9.9.9.9', 'tcp:example.org:443', 'http://example.org/'])
		assert.equal(options.checkTarget(good), true, good);
	for (const bad of ['1.1.1', '1.1.1.256', 'example.org', 'dns:example.org', 'tcp:example.org', 'tcp:example.org:70000', 'tcp:example.org:', 'http:example.org', 'http://', 'a b', ':::'])
		assert.notEqual(options.checkTarget(bad), true, bad);
});

test('power is one of the ways, or a named GPIO line', () => {
	assert.equal(options.checkPower('gpio:modem-power'), true);
	assert.equal(options.checkPower('port'), true);
	assert.notEqual(options.checkPower('gpio:'), true);
	assert.notEqual(options.checkPower('usb'), true);
});
