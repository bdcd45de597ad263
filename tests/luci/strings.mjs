// The strings of the pages, as LuCI's scanner finds them: _('…') in scripts, titles in menu.d,
// descriptions in acl.d. `node tests/luci/strings.mjs` writes the template anew.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { APP } from './router.mjs';

export const TEMPLATE = join(APP, 'po/templates/uwand.pot');

export function files(dir, ending) {
	return readdirSync(dir, { withFileTypes: true, recursive: false }).flatMap((entry) => {
		const path = join(dir, entry.name);
		return entry.isDirectory() ? files(path, ending) : path.endsWith(ending) ? [path] : [];
	}).sort();
}

function texts(file) {
	const source = readFileSync(file, 'utf8');
	if (file.endsWith('.js'))
		return [...source.matchAll(/\b_\('((?:[^'\\]|\\.)*)'\)/g)].map((match) => match[1].replace(/\\(.)/g, '$1'));
	return [...source.matchAll(/"(?:title|description)": "((?:[^"\\]|\\.)*)"/g)].map((match) => JSON.parse(`"${match[1]}"`));
}

export function template() {
	const places = new Map();
	for (const file of [...files(join(APP, 'htdocs'), '.js'), ...files(join(APP, 'root'), '.json')])
		for (const text of texts(file))
			places.set(text, (places.get(text) || new Set()).add(relative(APP, file)));
	const entries = [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([text, where]) => `${[...where].map((file) => `#: applications/luci-app-uwand/${file}\n`).join('')}msgid ${JSON.stringify(text)}\nmsgstr ""\n`);
	return `msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8"\n\n${entries.join('\n')}`;
}

if (process.argv[1]?.endsWith('strings.mjs'))
	writeFileSync(TEMPLATE, template());
