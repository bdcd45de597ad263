// One of the app's modules under node, with what it requires: the pure ones need no browser.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { APP, HERE } from './router.mjs';

createRequire(import.meta.url)('./standin/format.js');

export const RESOURCES = join(APP, 'htdocs/luci-static/resources');
const PRAGMA = /^'require ([^\s']+)(?: as ([A-Za-z_]\w*))?';$/gm;
const class_ = { extend: (members) => function() { Object.assign(this, members); } };

// `given`: stand-ins for what needs a router, by name.
export function load(name, given = {}) {
	if (name === 'baseclass')
		return class_;
	if (name in given)
		return given[name];
	const source = readFileSync(join(RESOURCES, `${name.replaceAll('.', '/')}.js`), 'utf8');
	const needs = [...source.matchAll(PRAGMA)].map((match) => [match[1], match[2] || match[1].replace(/\W/g, '_')]);
	const factory = new Function('_', 'L', ...needs.map((need) => need[1]), source);
	const made = factory((text) => text, given.L || { env: {} }, ...needs.map((need) => load(need[0], given)));
	return new made();
}
