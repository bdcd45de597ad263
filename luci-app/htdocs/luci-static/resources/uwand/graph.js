'use strict';
'require baseclass';
'require uwand.show as show';

/*
 * Line graphs as SVG, drawn in the page. Geometry is pure (plan); draw makes elements of it.
 * A gap in time stays a gap in the line: nobody measured there. Colours come from the style
 * sheet by class, text has the theme's own colour.
 */

const HEIGHT = 180, LEFT = 72, RIGHT = 10, TOP = 12, BOTTOM = 24;

/* Of the drawing: about that of the place it will have, so that its text is as large as ours. */
const WIDE = 560, NARROW = 360;
const NS = 'http://www.w3.org/2000/svg';

function span(series) {
	let low = Infinity, high = -Infinity;

	series.forEach(function(line) {
		line.points.forEach(function(point) {
			low = Math.min(low, point[1]);
			high = Math.max(high, point[1]);
		});
	});

	return low <= high ? [ low, high ] : null;
}

/* 1, 2 or 5 times a power of ten, so that about that many of them span the range. */
function step(range, count) {
	const rough = range / count, power = Math.pow(10, Math.floor(Math.log10(rough)));
	const factor = [ 1, 2, 5, 10 ].filter(function(f) { return f * power >= rough })[0];

	return (factor || 10) * power;
}

function axis(low, high, floor) {
	let bottom = floor !== undefined ? Math.min(floor, low) : low, top = high;

	if (top - bottom < 1e-9) {
		bottom -= floor !== undefined ? 0 : 1;
		top += 1;
	}

	const by = step(top - bottom, 4), ticks = [];
	const from = Math.floor(bottom / by) * by, to = Math.ceil(top / by) * by;

	for (let value = from; value <= to + by / 2; value += by)
		ticks.push(Math.round(value * 1e6) / 1e6);

	return { from: from, to: to, ticks: ticks };
}

/*
 * For each point whether the line goes on from the one before: unless their distance is more
 * than two and a half times what is usual around there. (The last hour has more points than
 * the day before it.)
 */
function joins(points) {
	const steps = points.slice(1).map(function(point, i) { return points[i][0] - point[0] });

	return points.map(function(point, i) {
		const around = steps.slice(Math.max(0, i - 4), i + 3).sort(function(a, b) { return a - b });

		return i > 0 && steps[i - 1] <= 2.5 * around[Math.floor(around.length / 2)];
	});
}

function fixed(n) {
	return String(Math.round(n * 10) / 10);
}

function path(points, x, y) {
	const joined = joins(points);
	let text = '';

	points.forEach(function(point, i) {
		text += (joined[i] ? 'L' : 'M') + fixed(x(point[0])) + ' ' + fixed(y(point[1]));

		/* With round ends, a line of no length is a dot. */
		if (!joined[i] && !joined[i + 1])
			text += 'h0';
	});

	return text;
}

function timeTicks(seconds) {
	const every = seconds <= 3600 ? 900 : seconds <= 6 * 3600 ? 3600 : seconds <= 86400 ? 21600 : 86400;
	const ticks = [];

	for (let at = 0; at <= seconds; at += every)
		ticks.push([ at, at === 0 ? _('now') : '−' + (at < 3600 ? _('%d min').format(at / 60) : at < 86400 ? _('%d h').format(at / 3600) : _('%d d').format(at / 86400)) ]);

	return ticks;
}

/* In time, and numbers that are numbers. */
function clean(line, seconds) {
	const points = (line.points || []).filter(function(point) {
		return Array.isArray(point) && isFinite(point[0]) && isFinite(point[1]) && point[0] !== null && point[1] !== null && point[0] <= seconds && point[0] >= 0;
	});

	return Object.assign({}, line, { points: points });
}

/*
 * options: {seconds, unit, floor, format, narrow}. Series: [{name, title, points: [[ago, value], …]}],
 * oldest first. Null where there is nothing to draw.
 */
function plan(series, options) {
	const lines = series.map(function(line) { return clean(line, options.seconds) }).filter(function(line) { return line.points.length });
	const range = span(lines);

	if (!range)
		return null;

	const scale = axis(range[0], range[1], options.floor);
	const width = options.narrow ? NARROW : WIDE;
	const x = function(ago) { return LEFT + (width - LEFT - RIGHT) * (1 - ago / options.seconds) };
	const y = function(value) { return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - scale.from) / (scale.to - scale.from)) };

	return {
		width: width,
		rows: scale.ticks.map(function(value) { return { y: y(value), label: options.format ? options.format(value) : String(value) } }),
		columns: timeTicks(options.seconds).filter(function(tick, i) { return !options.narrow || i % 2 === 0 }).map(function(tick) { return { x: x(tick[0]), label: tick[1] } }),
		lines: lines.map(function(line) { return { name: line.name, title: line.title, d: path(line.points, x, y) } }),
		words: lines.map(function(line) { return describe(line, options) })
	};
}

/* A graph in a sentence, for who cannot see it. */
function describe(line, options) {
	const values = line.points.map(function(point) { return point[1] });
	const format = options.format || function(value) { return show.unit(value, options.unit || '') };
	const least = Math.min.apply(null, values), most = Math.max.apply(null, values);

	return _('%s: %s now, between %s and %s in the last %s.').format(line.title, format(values[values.length - 1]), format(least), format(most), show.duration(options.seconds));
}

function element(name, attributes, children) {
	const node = document.createElementNS(NS, name);

	Object.keys(attributes).forEach(function(key) { node.setAttribute(key, attributes[key]) });
	(children || []).forEach(function(child) { node.appendChild(typeof(child) == 'string' ? document.createTextNode(child) : child) });

	return node;
}

function grid(planned) {
	const right = planned.width - RIGHT, bottom = HEIGHT - BOTTOM, nodes = [];

	planned.rows.forEach(function(row) {
		nodes.push(element('line', { 'class': 'uw-grid', x1: LEFT, x2: right, y1: fixed(row.y), y2: fixed(row.y) }));
		nodes.push(element('text', { x: LEFT - 6, y: fixed(row.y + 4), 'text-anchor': 'end' }, [ row.label ]));
	});

	planned.columns.forEach(function(column, i) {
		const anchor = i === 0 ? 'end' : column.x < LEFT + 20 ? 'start' : 'middle';

		nodes.push(element('line', { 'class': 'uw-grid', x1: fixed(column.x), x2: fixed(column.x), y1: TOP, y2: bottom }));
		nodes.push(element('text', { x: fixed(column.x), y: HEIGHT - 8, 'text-anchor': anchor }, [ column.label ]));
	});

	return nodes;
}

function legend(planned) {
	return E('ul', { 'class': 'uw-legend' }, planned.lines.map(function(line, i) {
		return E('li', {}, [ E('span', { 'class': 'uw-key uw-line-%d'.format(i), 'aria-hidden': 'true' }), E('span', {}, [ planned.words[i] ]) ]);
	}));
}

/* A figure with the graph, and with its content in words. */
function draw(title, series, options) {
	const planned = plan(series, Object.assign({ narrow: window.matchMedia('(max-width: 600px)').matches }, options));

	if (!planned)
		return E('figure', { 'class': 'uw-figure' }, [
			E('figcaption', {}, [ title ]),
			E('p', { 'class': 'uw-empty' }, [ options.empty || _('Nothing was measured in this time.') ])
		]);

	const lines = planned.lines.map(function(line, i) { return element('path', { 'class': 'uw-line uw-line-%d'.format(i), d: line.d }) });
	const svg = element('svg', { viewBox: '0 0 %d %d'.format(planned.width, HEIGHT), role: 'img', 'aria-label': title + ': ' + planned.words.join(' ') }, grid(planned).concat(lines));

	return E('figure', { 'class': 'uw-figure' }, [ E('figcaption', {}, [ title ]), svg, legend(planned) ]);
}

return baseclass.extend({
	plan: plan,
	draw: draw
});
