import { test } from 'node:test';
import assert from 'node:assert/strict';
import { asItIs, on } from './stage.mjs';

// As Status > Overview does it: load(), then render() of what it gave.
const then = 'async function(include) { const draw = async () => { const node = include.render(await include.load()); L.dom.content(document.getElementById("view"), node === null ? "left out" : node); }; await draw(); window.again = draw; }';
const options = { query: { then } };

test('the overview shows operator, technology, signal, state and address', async () => {
	await on('view.status.include.35_uwand', asItIs, async (page, router) => {
		for (const text of ['Connected', 'Test Net', '4G (LTE)', '10.64.0.2/30', 'wan'])
			await page.shows(text);
		assert.equal(router.requests.length, 1);
	}, options);
});

test('the overview leaves the section out where nothing is cellular', async () => {
	await on('view.status.include.35_uwand', (router) => { router.replies.status.interfaces = []; return router; }, (page) => page.shows('left out'), options);
});

test('the overview says so while the daemon is away, and asks nothing while nobody looks', async () => {
	await on('view.status.include.35_uwand', asItIs, async (page, router) => {
		await page.shows('Connected');
		router.absent = true;
		await page.eval('window.again()');
		await page.shows('does not run');
		router.absent = false;
		await page.eval('window.again()');
		await page.shows('Connected');
		const before = router.requests.length;
		await page.eval('Object.defineProperty(document, "hidden", { get: () => true }), window.again()');
		assert.equal(router.requests.length, before);
	}, options);
});
