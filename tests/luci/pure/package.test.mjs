import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { APP } from '../router.mjs';
import { RESOURCES, load } from '../module.mjs';
import { TEMPLATE, files, template } from '../strings.mjs';

const scripts = files(join(APP, 'htdocs'), '.js').map((path) => [relative(APP, path), readFileSync(path, 'utf8')]);
const json = (path) => JSON.parse(readFileSync(join(APP, 'root/usr/share', path), 'utf8'));

test('the template has every string of the pages; node tests/luci/strings.mjs writes it', () => {
	assert.equal(readFileSync(TEMPLATE, 'utf8'), template());
});

test('every string for people can be translated', () => {
	for (const [name, source] of scripts) {
		for (const [, text] of source.matchAll(/\[ '([A-Z][a-z]+ [a-z][^']*)' \]/g))
			assert.fail(`${name}: "${text}" is not in _()`);
		// What the scanner cannot read is no translation.
		for (const [call] of source.matchAll(/[^\w.]_\((?!').*/g))
			assert.fail(`${name}: ${call}`);
	}
});

test('no text is ever taken as markup', () => {
	for (const [name, source] of scripts) {
		assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|rawhtml/, name);
		// E(tag, attributes, 'text') would be markup, and so would a variable that is a text.
		for (const [call] of source.matchAll(/\bE\('[a-z0-9]+', (?:\{[^{}]*\}, )?(?:'|_\(|[a-z]+\.(?:text|message|name|title|operator)\b).*/g))
			assert.fail(`${name}: ${call}`);
	}
});

test('a page runs nothing and reads no files of the router', () => {
	for (const [name, source] of scripts) {
		assert.doesNotMatch(source, /'require fs|object: '(?!uwand')|\beval\b|new Function/, name);
		assert.doesNotMatch(source, /`/, `${name}: LuCI's minifier spoils template literals`);
		assert.ok(source.startsWith("'use strict';\n"), name);
		assert.ok(source.split('\n').length < 400, `${name} is too long`);
	}
});

test('what a script requires is there', () => {
	const luci = ['baseclass', 'dom', 'form', 'network', 'poll', 'rpc', 'uci', 'ui', 'view'];
	for (const [name, source] of scripts)
		for (const [, needed] of source.matchAll(/^'require (\S+?)(?: as \w+)?';$/gm))
			assert.ok(luci.includes(needed) || scripts.some(([path]) => path.endsWith(`resources/${needed.replaceAll('.', '/')}.js`)), `${name}: ${needed}`);
});

test('each page of the menu exists, and each page is in the menu', () => {
	const paths = Object.values(json('luci/menu.d/luci-app-uwand.json')).map((entry) => entry.action.path).filter(Boolean).sort();
	assert.deepEqual(paths, files(join(RESOURCES, 'view/uwand'), '.js').map((path) => relative(join(RESOURCES, 'view'), path).replace('.js', '')));
});

test('reading and writing are granted apart, each method once, and each that a page uses', () => {
	const { read, write } = json('rpcd/acl.d/luci-app-uwand.json')['luci-app-uwand'];
	const granted = [...read.ubus.uwand, ...write.ubus.uwand];
	assert.equal(new Set(granted).size, granted.length);
	const { METHODS } = load('uwand.bus', { rpc: {} });
	assert.deepEqual(granted.filter((name) => !name.startsWith(':')).sort(), Object.keys(METHODS).sort());
	const used = new Set(scripts.flatMap(([, source]) => [...source.matchAll(/(?:bus\.call|live\.ask)\('(\w+)'|\[ '\w+', '(\w+)', \{/g)].map((match) => match[1] || match[2])));
	assert.deepEqual([...used].sort(), Object.keys(METHODS).sort());
	for (const changing of ['reconnect', 'reset', 'sim', 'sms_send', 'sms_delete', 'at', 'ussd'])
		assert.ok(write.ubus.uwand.includes(changing), changing);
});
