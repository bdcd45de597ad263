import { test } from 'node:test';
import assert from 'node:assert/strict';
import { asItIs, asked, fast, on } from './stage.mjs';
import { recorded } from '../router.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const change = (name, mend) => (router) => { const data = recorded(name); mend(data); router.replies[name] = data; return router; };
const MARKUP = '<img src=x onerror="window.hit=1"><b>bold</b>';
const unhurt = (page) => page.eval('window.hit === undefined && document.querySelector("#view img, #view b, .modal img, .modal b") === null');

test('the status page shows state, signal with its graph, addresses and counters', async () => {
	await on('status', asItIs, async (page) => {
		for (const text of ['Connected', 'Test Net (00101)', '10.64.0.2/30', '192.0.2.53', '4G (LTE)', 'EARFCN 1300'])
			await page.shows(text);
		await page.until('document.querySelectorAll("svg path").length >= 2');
		assert.match(await page.eval('document.querySelector("svg[role=img]").getAttribute("aria-label")'), /now, between/);
		assert.equal(await page.eval('document.querySelector(".uw-bars").getAttribute("aria-label")'), '4 of 5 bars');
	});
});

test('a poll is one HTTP request with at most two calls', async () => {
	for (const view of ['status', 'watchdog', 'messages', 'sim', 'network', 'tools'])
		await on(view, asItIs, async (page, router) => {
			await page.until('document.querySelector(".uw-section, .uw-empty")');
			await pause(400);
			const [posts, calls] = [router.posts, router.requests.length];
			await pause(1600);
			const rounds = router.posts - posts;
			assert.ok(rounds >= 3, `${view}: ${rounds} rounds`);
			assert.ok(router.requests.length - calls <= 2 * rounds, view);
		}, fast);
});

test('a page that nobody sees asks nothing, and is up to date at once when it is seen', async () => {
	await on('status', asItIs, async (page, router) => {
		await page.shows('Connected');
		await page.eval('Object.defineProperty(document, "hidden", { get: () => window.away, configurable: true }), window.away = true');
		await pause(400);
		const before = router.posts;
		await pause(1000);
		assert.equal(router.posts, before);
		router.replies.status.interfaces[0].state = 'recovering';
		await page.eval('window.away = false, document.dispatchEvent(new Event("visibilitychange"))');
		await page.shows('Recovering', 1000);
	}, fast);
});

test('every page lives through a restart of the daemon and says what is missing meanwhile', async () => {
	for (const [view, back] of [['status', 'Test Net'], ['watchdog', 'What it would try'], ['messages', 'Stored messages'], ['sim', 'Tries left'], ['network', 'Cells'], ['tools', 'AT commands']])
		await on(view, asItIs, async (page, router) => {
			await page.shows(back);
			router.absent = true;
			await page.shows('does not run');
			router.absent = false;
			await page.shows(back);
		}, fast);
});

test('every page says so when the modem leaves, and goes on when it is back', async () => {
	for (const view of ['status', 'messages', 'sim', 'network', 'tools'])
		await on(view, asItIs, async (page, router) => {
			const modem = router.replies.status.modems[0];
			await page.until('document.querySelector(".uw-section")');
			modem.state = 'missing';
			await page.shows('goes on as soon as it is back');
			modem.state = 'open';
			await page.until('!document.body.innerText.includes("goes on as soon as it is back") && document.querySelector(".uw-section")');
		}, fast).catch((error) => { throw new Error(`${view}: ${error.message}`); });
});

test('a router without a modem or interface is told what to do', async () => {
	await on('status', change('status', (data) => Object.assign(data, { interfaces: [], modems: [] })), (page) => page.shows('No modem is present'));
	await on('sim', change('status', (data) => { data.modems[0].state = 'seen'; }), (page) => page.shows('No modem is in use'));
	await on('watchdog', change('status', (data) => { data.interfaces = []; }), (page) => page.shows('No interface uses the cellular service'));
});

test('texts from the air are shown as text', async () => {
	const hostile = (data) => { Object.assign(data.modems[0], { operator: MARKUP, model: MARKUP }); Object.assign(data.interfaces[0], { reason: MARKUP, note: MARKUP }); };
	for (const view of ['status', 'sim', 'network', 'tools'])
		await on(view, change('status', hostile), async (page) => {
			await page.until('document.querySelector(".uw-section")');
			await pause(200);
			assert.ok(await unhurt(page), view);
		});
	await on('status', change('status', hostile), (page) => page.shows(MARKUP));
	await on('messages', change('sms_list', (data) => { Object.assign(data.messages[0], { text: MARKUP, from: MARKUP }); }), async (page) => {
		await page.shows(MARKUP);
		await page.click('.uw-message button', 'Delete');
		await page.shows('Delete this message?');
		assert.ok(await unhurt(page));
	});
	await on('network', change('scan', (data) => { data.networks[0].operator = MARKUP; }), async (page) => {
		await page.click('button', 'Search for networks');
		await page.shows(MARKUP);
		assert.ok(await unhurt(page));
	});
	await on('watchdog', (router) => change('outages', (data) => { Object.assign(data.outages[0], { text: MARKUP, evidence: [MARKUP] }); data.outages[0].cell = { operator: MARKUP }; })(change('explain', (data) => Object.assign(data, { text: MARKUP, evidence: [MARKUP] }))(router)), async (page) => {
		await page.shows(MARKUP);
		assert.ok(await unhurt(page));
	});
	await on('tools', (router) => { router.replies.at = { lines: [MARKUP], result: 'OK' }; return router; }, async (page) => {
		await page.fill('input[placeholder=ATI]', 'ATI');
		await page.key('Enter');
		await page.shows(MARKUP);
		assert.ok(await unhurt(page));
	});
});

test('the watchdog page tells what is wrong, how it is known, what comes next, and what was', async () => {
	await on('watchdog', asItIs, async (page) => {
		const explain = recorded('explain'), outage = recorded('outages').outages.filter((one) => !one.open)[0];
		await page.shows('What it would try, in this order');
		for (const text of [explain.text, ...(explain.evidence || []), ...outage.evidence].filter(Boolean))
			await page.until(`document.body.textContent.includes(${JSON.stringify(text)})`);
		await page.until('document.querySelectorAll(".uw-timeline > li").length === ' + recorded('outages').outages.length);
	});
});

test('an outage that was unfolded stays so while the page goes on', async () => {
	await on('watchdog', asItIs, async (page, router) => {
		await page.until('document.querySelector(".uw-timeline details:not([open])") && document.querySelector("svg")');
		const open = '[...document.querySelectorAll(".uw-timeline details")].filter((one) => one.open).length';
		const before = await page.eval(open);
		await page.click('.uw-timeline details:not([open]) summary');
		const posts = router.posts;
		await page.until(`${open} === ${before + 1}`);
		while (router.posts < posts + 4)
			await pause(50);
		assert.equal(await page.eval(open), before + 1);
	}, fast);
});

test('focus stays where it is while the page is drawn anew', async () => {
	await on('status', asItIs, async (page, router) => {
		await page.shows('Reconnect');
		await page.eval('[...document.querySelectorAll("button")].find((one) => one.textContent === "Reconnect").focus()');
		router.replies.status.interfaces[0].since += 100;
		const posts = router.posts;
		while (router.posts < posts + 4)
			await pause(50);
		assert.equal(await page.eval('document.activeElement.textContent'), 'Reconnect');
	}, fast);
});

test('reset and power cut say what they do, and do nothing before the person agrees', async () => {
	await on('status', asItIs, async (page, router) => {
		await page.click('button', 'Cut its power');
		await page.shows('loses power too');
		assert.equal(await page.eval('document.activeElement.textContent'), 'Cancel');
		await page.key('Escape');
		await page.until('!document.querySelector(".modal")');
		assert.equal(asked(router, 'reset').length, 0);
		await page.click('button', 'Restart the modem');
		await page.click('.modal button', 'Restart it');
		await page.shows('Begun.');
		assert.deepEqual(asked(router, 'reset').map((one) => one.args), [{ modem: '1-1.2', how: 'soft' }]);
	});
});

test('a refusal is shown in the daemon’s words', async () => {
	await on('status', (router) => { router.replies.reconnect = { refused: 1, data: { error: 'the interface is down: ifup brings it up' } }; return router; }, async (page) => {
		await page.click('button', 'Reconnect');
		await page.click('.modal button', 'Reconnect');
		await page.shows('the interface is down: ifup brings it up');
	});
});

test('a method that the daemon does not have yet takes only its own part away', async () => {
	await on('watchdog', (router) => { delete router.replies.outages; return router; }, async (page) => {
		await page.shows('What it would try');
		await page.shows('does not offer this');
	});
});
