import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../module.mjs';

function bus(declare) {
	return load('uwand.bus', { rpc: { declare: declare || (() => () => Promise.resolve({})) }, L: { env: { rpctimeout: 20 } } });
}

const kindOf = (fn) => { try { fn(); } catch (error) { return error.kind; } return 'none'; };

test('a refusal keeps the daemon’s reason and what came with it', () => {
	assert.throws(() => bus().judge({ error: 'one try is left', tries: 1 }), (e) => e.kind === 'refused' && e.message === 'one try is left' && e.data.tries === 1);
});

test('a bare status code has words', () => {
	const { judge } = bus();
	assert.deepEqual(judge(0), {});
	assert.deepEqual([3, 4, 6, 7, 10, 9].map((code) => kindOf(() => judge(code))), ['older', 'absent', 'denied', 'timeout', 'absent', 'refused']);
	for (const nonsense of [null, undefined, 'text', true])
		assert.equal(kindOf(() => judge(nonsense)), 'refused');
});

test('what the web server says of a missing daemon or right is understood', () => {
	const { judgeException } = bus();
	const kind = (message) => kindOf(() => judgeException(new Error(message)));
	assert.equal(kind('RPC call to uwand/status failed with error -32000: Object not found'), 'absent');
	assert.equal(kind('RPC call to uwand/at failed with error -32002: Access denied'), 'denied');
	assert.equal(kind('XHR request timed out'), 'timeout');
	assert.equal(kind('XHR request failed'), 'network');
});

test('arguments go by name, and what is not given is not sent', async () => {
	let sent = null;
	const asked = bus((options) => (...args) => { sent = [options.params, args]; return Promise.resolve({}); });
	await asked.call('at', { command: 'ATI' });
	assert.deepEqual(sent, [['modem', 'command', 'force'], [undefined, 'ATI', undefined]]);
	assert.throws(() => asked.call('nonsense'), TypeError);
});

test('a slow method waits longer than LuCI would, and only it', async () => {
	const L = { env: { rpctimeout: 20 } }, seen = [];
	const rpc = { declare: (options) => () => { seen.push([options.method, L.env.rpctimeout, options.nobatch]); return Promise.resolve({}); } };
	const asked = load('uwand.bus', { rpc, L });
	await Promise.all([asked.call('scan'), asked.call('status')]);
	assert.deepEqual(seen, [['scan', 190, true], ['status', 20, false]]);
	assert.equal(L.env.rpctimeout, 20);
});

test('a round asks at most two things, and all come in turn', () => {
	const { turn } = load('uwand.live', { poll: {}, 'uwand.bus': {} });
	const rounds = [0, 1, 2, 3].map((round) => turn(['a', 'b', 'c', 'd'], round));
	assert.deepEqual(rounds, [['a', 'b'], ['a', 'c'], ['a', 'd'], ['a', 'b']]);
	assert.deepEqual(turn(['a'], 7), ['a']);
});

test('a label of a newer daemon is shown as it is', () => {
	const words = load('uwand.words');
	assert.equal(words.link('up'), 'Connected');
	assert.equal(words.link('levitating'), 'levitating');
	assert.equal(words.link(undefined), '');
	assert.equal(words.link('constructor'), 'constructor');
	assert.match(words.error('NO_SIM'), /no SIM.*Insert one/);
	assert.equal(words.error('UNHEARD_OF'), null);
});

test('an event stream is read in pieces', () => {
	const { events } = load('uwand.capture');
	const first = events('retry: 1\n\nevent: trace\ndata: {"modem":"1-1"}\n\nevent: tra');
	assert.deepEqual(first, { events: [{ name: 'trace', data: { modem: '1-1' } }], rest: 'event: tra' });
	assert.deepEqual(events(first.rest + 'ce\ndata: {}\n\n').events, [{ name: 'trace', data: {} }]);
	assert.deepEqual(events('event: x\ndata: {broken\n\n').events, []);
});

test('a capture is whole packets, requests out and answers in', () => {
	const { pcap, bytes } = load('uwand.capture');
	const at = Date.UTC(2026, 10, 20) + 250;
	const file = Buffer.from(pcap([{ at, direction: 'to-modem', control: 'mbim', hex: '01000000' }, { at, direction: 'from-modem', control: 'qmi', hex: '01**' }]));
	assert.equal(file.readUInt32LE(0), 0xa1b2c3d4);
	assert.equal(file.readUInt32LE(20), 220);
	const packets = [];
	for (let place = 24; place < file.length; place += 16 + file.readUInt32LE(place + 8))
		packets.push(file.subarray(place, place + 16 + file.readUInt32LE(place + 8)));
	assert.equal(packets.length, 6);
	assert.ok(packets.every((packet) => packet.length >= 80 && packet.readUInt32LE(12) === packet.length - 16 && packet.readUInt32LE(4) === 250000));
	assert.deepEqual(packets.map((packet) => [String.fromCharCode(packet[24]), packet[26], packet[27]]), [['S', 128, 2], ['C', 128, 2], ['S', 0, 2], ['C', 0, 2], ['S', 128, 3], ['C', 128, 3]]);
	assert.deepEqual([...packets[2].subarray(80)], [1, 0, 0, 0]);
	assert.deepEqual(bytes('0a****7f'), [10, 42, 0, 127]);
});
