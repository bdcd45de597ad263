'use strict';
'require baseclass';
'require uwand.words as words';

/*
 * PURE. Numbers and tables of the daemon as text. What is not known gives an empty text, so
 * that a caller can leave its row out.
 */

function known(value) {
	return value !== null && value !== undefined && value !== '';
}

function both(large, n, small, m) {
	return m ? large.format(n) + ' ' + small.format(m) : large.format(n);
}

function duration(seconds) {
	if (!known(seconds) || isNaN(seconds))
		return '';

	const s = Math.max(0, Math.round(seconds));

	if (s < 60)
		return _('%d s').format(s);

	if (s < 3600)
		return both(_('%d min'), Math.floor(s / 60), _('%d s'), s % 60);

	if (s < 86400)
		return both(_('%d h'), Math.floor(s / 3600), _('%d min'), Math.floor(s % 3600 / 60));

	return both(_('%d d'), Math.floor(s / 86400), _('%d h'), Math.floor(s % 86400 / 3600));
}

function ago(seconds) {
	return known(seconds) ? _('%s ago').format(duration(seconds)) : '';
}

function round(value, digits) {
	const scale = Math.pow(10, digits);

	return String(Math.round(value * scale) / scale);
}

function scaled(value, base, units) {
	let n = Math.max(0, value), i = 0;

	while (n >= base && i < units.length - 1) {
		n /= base;
		i++;
	}

	return round(n, (n < 10 && i > 0) ? 1 : 0) + ' ' + units[i];
}

function bytes(value) {
	return known(value) ? scaled(value, 1024, [ 'B', 'KiB', 'MiB', 'GiB', 'TiB' ]) : '';
}

function rate(bits) {
	return known(bits) ? scaled(bits, 1000, [ 'bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s' ]) : '';
}

function unit(value, name) {
	return known(value) ? round(value, 1) + ' ' + name : '';
}

/* Limits of poor, fair and good for a person who turns an antenna; below the first it is bad. */
const QUALITY = {
	'rsrp': [ -115, -105, -90 ],
	'rssi': [ -105, -90, -75 ],
	'rsrq': [ -19, -15, -10 ],
	'sinr': [ 0, 7, 13 ]
};

/* 0 to 3, or null where it is not known. */
function quality(metric, value) {
	if (!known(value) || !QUALITY.hasOwnProperty(metric))
		return null;

	return QUALITY[metric].filter(function(limit) { return value >= limit }).length;
}

function qualityWord(level) {
	return level === null ? '' : [ _('bad'), _('poor'), _('fair'), _('good') ][level];
}

function operator(modem) {
	if (known(modem.operator))
		return known(modem.mcc_mnc) ? '%s (%s)'.format(modem.operator, modem.mcc_mnc) : modem.operator;

	return modem.mcc_mnc || '';
}

/* The rows of an address family: one text an address. */
function addresses(family) {
	if (!family)
		return [];

	if (family.dynamic && !(family.addresses || []).length)
		return [ _('by DHCP or router advertisement') ];

	return family.addresses || [];
}

function modemName(modem) {
	const parts = [ modem.manufacturer, modem.model ].filter(known);
	const name = parts.length ? parts.join(' ') : _('Modem');

	return '%s (%s)'.format(name, modem.id);
}

/* A date in the reader's own time zone; nothing where the router's clock was not set. */
function date(seconds) {
	return known(seconds) ? new Date(seconds * 1000).toLocaleString() : '';
}

function cellTitle(cell) {
	const parts = [ words.technology(cell.technology), cell.band ].filter(known);

	return parts.join(' ');
}

/* The channel's number under whatever name its technology has for it. */
function channel(cell) {
	const name = [ 'earfcn', 'nrarfcn', 'uarfcn', 'arfcn' ].filter(function(key) { return known(cell[key]) })[0];

	return name ? '%s %d'.format(name.toUpperCase(), cell[name]) : '';
}

function physical(cell) {
	const name = [ 'pci', 'psc', 'bsic' ].filter(function(key) { return known(cell[key]) })[0];

	return name ? '%s %d'.format(name.toUpperCase(), cell[name]) : '';
}

/* What is left out of a table of [title, text] rows when it is not known. */
function rows(table) {
	return table.filter(function(row) { return Array.isArray(row[1]) ? row[1].length > 0 : known(row[1]) });
}

return baseclass.extend({
	known: known,
	duration: duration,
	ago: ago,
	bytes: bytes,
	rate: rate,
	unit: unit,
	quality: quality,
	qualityWord: qualityWord,
	operator: operator,
	addresses: addresses,
	modemName: modemName,
	date: date,
	cellTitle: cellTitle,
	channel: channel,
	physical: physical,
	rows: rows
});
