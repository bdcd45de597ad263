// One browser for a file of tests; each test has a router of its own.

import { after } from 'node:test';
import assert from 'node:assert/strict';
import { Browser } from '../browser.mjs';
import { well } from '../router.mjs';

const browser = new Browser();
after(() => browser.close());

// Opens a view on a router that `arrange` has prepared, plays, and wants a quiet console.
export async function on(view, arrange, play, options = {}) {
	const router = await arrange(well()).start();
	const page = await browser.open(router.url(view.includes('.') ? view : `view.uwand.${view}`, options.query), options);
	try {
		await play(page, router);
		assert.deepEqual(page.errors, []);
	} finally {
		await page.close();
		await router.stop();
	}
}

export async function onProtocol(config, arrange, play, options = {}) {
	const router = await arrange(well()).start();
	const page = await browser.open(router.url('protocol.uwand', { then: `function() { return standin.edit("wan", ${JSON.stringify(config)}) }` }), options);
	try {
		await page.until('document.querySelector("[data-name=apn]")');
		await play(page, router);
		assert.deepEqual(page.errors, []);
	} finally {
		await page.close();
		await router.stop();
	}
}

export const asItIs = (router) => router;
export const fast = { query: { speed: 20 } };
export const asked = (router, method) => router.requests.filter((one) => one.method === method);
