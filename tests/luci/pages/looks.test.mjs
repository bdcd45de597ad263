// Every page in three sizes and moods: quiet, in time, within its width. The pictures are
// written to target/luci for people to look at.

import { test } from 'node:test';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { asItIs, on, onProtocol } from './stage.mjs';
import { HERE } from '../router.mjs';

const LOOKS = { light: {}, dark: { dark: true }, phone: { width: 390, height: 800 } };
const PAGES = ['status', 'watchdog', 'messages', 'sim', 'network', 'tools'];
const OUT = join(HERE, '../../target/luci');
const READY_WITHIN_MS = 1000;
const settle = () => new Promise((resolve) => setTimeout(resolve, 300));

async function check(page, name) {
	await page.screenshot(join(OUT, `${name}.png`));
	assert.ok(await page.eval('document.documentElement.scrollWidth <= window.innerWidth'), `${name} is wider than its window`);
	assert.deepEqual(await page.eval('[...document.querySelectorAll("input, select, textarea")].filter((one) => !one.labels?.length && !one.closest(".cbi-value, .cbi-dynlist")).map((one) => one.outerHTML)'), [], `${name}: a field without a label`);
	assert.deepEqual(await page.eval('[...document.querySelectorAll("svg")].filter((one) => !one.getAttribute("aria-label")).length'), 0, `${name}: a graph without words`);
}

for (const [look, options] of Object.entries(LOOKS)) {
	test(`each page looks right: ${look}`, async () => {
		for (const view of PAGES)
			await on(view, asItIs, async (page) => {
				await page.until('document.querySelector("#view .uw-section")');
				await settle();
				if (view === 'network') {
					await page.click('button', 'Search for networks');
					await page.shows('Use only this');
				}
				if (view === 'tools') {
					await page.click('button', 'Check now');
					await page.until('document.querySelector("tbody tr")');
				}
				await check(page, `${view}-${look}`);
			}, options);
		for (const tab of ['general', 'uwand_sim', 'uwand_watchdog', 'advanced'])
			await onProtocol({ apn: 'internet', watchdog_ladder: ['reconnect', 'reset'] }, asItIs, async (page) => {
				await page.click(`[data-tab="${tab}"]`);
				await settle();
				await check(page, `protocol-${tab}-${look}`);
			}, options);
	});
}

// The best of three: a machine that builds something else at the time says nothing of the page.
test('a page is ready within a second', async () => {
	for (const view of ['status', 'watchdog']) {
		const times = [];
		for (let round = 0; round < 3; round++)
			await on(view, asItIs, async (page) => {
				await page.until('document.querySelector("#view svg")');
				times.push(await page.eval('new Promise((done) => requestAnimationFrame(() => done(performance.now())))'));
			});
		const took = Math.min(...times);
		console.log(`${view}: ${Math.round(took)} ms from the first byte to the first graph`);
		assert.ok(took < READY_WITHIN_MS, `${view}: ${took} ms`);
	}
});
