import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../module.mjs';

const { plan } = load('uwand.graph');
const HOUR = { seconds: 3600, unit: 'ms' };
const line = (points) => [{ name: 'rtt_ms', title: 'Latency', points }];

test('nothing measured is nothing drawn', () => {
	assert.equal(plan([], HOUR), null);
	assert.equal(plan(line([]), HOUR), null);
	assert.equal(plan(line([[7200, 5]]), HOUR), null);
});

test('what is no number is left out', () => {
	assert.equal(plan(line([[10, 'x'], [5, null], [NaN, 3], 'nonsense', [1]]), HOUR), null);
	assert.equal(plan(line([[60, 5], [30, Infinity], [0, 6]]), HOUR).lines[0].d.match(/[ML]/g).length, 2);
});

test('time runs from left to right, up is more, and all is inside', () => {
	const [first, last] = plan(line([[60, 10], [0, 20]]), HOUR).lines[0].d.match(/[ML][\d.]+ [\d.]+/g).map((part) => part.slice(1).split(' ').map(Number));
	assert.ok(first[0] < last[0] && first[1] > last[1]);
	assert.ok([...first, ...last].every((n) => n >= 0 && n <= 600));
});

test('a gap in time is a gap in the line', () => {
	const points = [[300, 1], [270, 1], [240, 1], [60, 1], [30, 1], [0, 1]];
	assert.equal(plan(line(points), HOUR).lines[0].d.match(/M/g).length, 2);
});

test('a lone point is a dot', () => {
	assert.match(plan(line([[30, 4]]), HOUR).lines[0].d, /^M[\d.]+ [\d.]+h0$/);
});

test('the scale has a few round steps around all values', () => {
	for (const values of [[0, 0], [3, 97], [-98.4, -91.2], [0.001, 0.004], [0, 48000000]]) {
		const { rows } = plan(line(values.map((value, i) => [i, value])), { seconds: 3600, unit: '' });
		const labels = rows.map((row) => Number(row.label));
		assert.ok(rows.length >= 2 && rows.length <= 8, JSON.stringify(labels));
		assert.ok(labels[0] <= Math.min(...values) && labels.at(-1) >= Math.max(...values), JSON.stringify(labels));
	}
});

test('a graph is told in a sentence, too', () => {
	assert.deepEqual(plan(line([[60, 10], [30, 30.04], [0, 20]]), HOUR).words, ['Latency: 20 ms now, between 10 ms and 30 ms in the last 1 h.']);
});

test('a day has few labels', () => {
	assert.deepEqual(plan(line([[0, 1]]), { seconds: 86400 }).columns.map((column) => column.label), ['now', '−6 h', '−12 h', '−18 h', '−1 d']);
});

test('a day in few points and an hour in many make one line', () => {
	const day = Array.from({ length: 10 }, (_, i) => [3600 + (10 - i) * 360, 1]), hour = Array.from({ length: 120 }, (_, i) => [(119 - i) * 30, 2]);
	assert.equal(plan(line([...day, ...hour]), { seconds: 86400 }).lines[0].d.match(/M/g).length, 1);
	assert.equal(plan(line([...day, ...hour.slice(0, 50), ...hour.slice(70)]), { seconds: 86400 }).lines[0].d.match(/M/g).length, 2);
});
