import { test } from 'node:test';
import assert from 'node:assert/strict';
import { asItIs, asked, on } from './stage.mjs';

const sim = (lock) => (router) => { router.replies.sim = (args) => (args.action === 'status' ? { modem: '1-1.2', sim: 'pin-required', lock: 'pin', enabled: true, ...lock } : { modem: '1-1.2', sim: 'ready', lock: 'none', tries: 3 }); return router; };
const orders = (router) => asked(router, 'sim').filter((one) => one.args.action !== 'status').map((one) => one.args);

test('a PIN is sent once, without force, while tries are left', async () => {
	await on('sim', sim({ tries: 3, pin_tries: 3 }), async (page, router) => {
		await page.fill('input[type=password]', '1234');
		await page.click('button', 'Unlock');
		await page.shows('Done.');
		assert.deepEqual(orders(router), [{ modem: '1-1.2', action: 'unlock', pin: '1234' }]);
	});
});

test('with one try left nothing is sent before the person agreed', async () => {
	await on('sim', sim({ tries: 1, pin_tries: 1 }), async (page, router) => {
		await page.shows('Only one try is left.');
		await page.fill('input[type=password]', '1234');
		await page.click('button', 'Unlock');
		await page.shows('Really send it?');
		await page.click('.modal button', 'Cancel');
		assert.deepEqual(orders(router), []);
		await page.click('button', 'Unlock');
		await page.click('.modal button', 'Send it');
		await page.shows('Done.');
		assert.deepEqual(orders(router), [{ modem: '1-1.2', action: 'unlock', pin: '1234', force: true }]);
	});
});

test('where the tries are not known the person is asked, too', async () => {
	await on('sim', sim({}), async (page, router) => {
		await page.fill('input[type=password]', '1234');
		await page.click('button', 'Unlock');
		await page.shows('does not tell how many tries');
		assert.deepEqual(orders(router), []);
	});
});

test('what is no PIN is not sent', async () => {
	await on('sim', sim({ tries: 3 }), async (page, router) => {
		await page.fill('input[type=password]', '12a4');
		await page.click('button', 'Unlock');
		await page.shows('A PIN has 4 to 8 digits.');
		assert.deepEqual(orders(router), []);
	});
});

test('a blocked SIM asks for PUK and new PIN, and warns of the last try', async () => {
	await on('sim', sim({ sim: 'puk-required', lock: 'puk', tries: 1, puk_tries: 1 }), async (page) => {
		await page.shows('destroys the SIM');
		assert.equal(await page.eval('document.querySelectorAll("input[type=password]").length'), 2);
	});
});

test('a message is written, counted and sent', async () => {
	await on('messages', (router) => { router.replies.sms_send = { modem: '1-1.2', parts: 2, references: [1, 2] }; return router; }, async (page, router) => {
		await page.fill('input[type=tel]', '+15550100018');
		await page.fill('textarea', 'x'.repeat(161));
		await page.shows('161 characters, 2 messages');
		await page.click('section button, .uw-section button', 'Send');
		await page.shows('Sent in 2 parts.');
		assert.deepEqual(asked(router, 'sms_send')[0].args, { modem: '1-1.2', number: '+15550100018', text: 'x'.repeat(161) });
		assert.equal(asked(router, 'sms_list').length, 2);
	});
});

test('a long message is deleted with all its parts, after a question', async () => {
	await on('messages', (router) => { router.replies.sms_list = { modem: '1-1.2', messages: [{ ids: [2, 3], kind: 'received', from: 'Operator', text: 'Hello', parts: 2 }] }; return router; }, async (page, router) => {
		await page.click('.uw-message button', 'Delete');
		await page.click('.modal button', 'Delete');
		await page.until('!document.querySelector(".modal")');
		await page.until('true');
		while (!asked(router, 'sms_delete').length)
			await new Promise((resolve) => setTimeout(resolve, 20));
		assert.deepEqual(asked(router, 'sms_delete')[0].args.ids, [2, 3]);
	});
});

test('a USSD dialogue goes on until the network is through', async () => {
	const answers = [{ state: 'asks', text: '1 balance\n2 bonus' }, { state: 'done', text: 'Balance 3.20' }];
	await on('messages', (router) => { router.replies.ussd = () => answers.shift(); return router; }, async (page, router) => {
		await page.fill('input[placeholder="*100#"]', '*100#');
		await page.eval('[...document.querySelectorAll("[data-key=USSD] button")][0].click()');
		await page.shows('2 bonus');
		await page.fill('input[placeholder="*100#"]', '1');
		await page.eval('[...document.querySelectorAll("[data-key=USSD] button")][0].click()');
		await page.shows('Balance 3.20');
		assert.deepEqual(asked(router, 'ussd').map((one) => [one.args.action, one.args.text]), [['initiate', '*100#'], ['continue', '1']]);
	});
});

test('a chosen network goes into the configuration of the interface that uses the modem', async () => {
	await on('network', asItIs, async (page) => {
		await page.click('button', 'Search for networks');
		await page.click('button', 'Use only this');
		await page.shows('apply the change to use it');
		const changed = await page.eval('standin.modules.uci.changed');
		assert.deepEqual(changed[0].slice(0, 4), ['set', 'network', 'wan', 'plmn']);
		assert.match(changed[0][4], /^\d{5,6}$/);
	});
});

test('a search that outlasts the web server is shown when it ends', async () => {
	let asked = 0;
	const scan = (args) => (!args.recent ? { refused: 7 } : ++asked < 3 ? { modem: '1-1.2', scanning: true } : { modem: '1-1.2', scanning: false, ago: 2, networks: [{ mcc_mnc: '26201', operator: 'Found', state: 'available' }] });
	await on('network', (router) => { router.replies.scan = scan; return router; }, async (page) => {
		await page.click('button', 'Search for networks');
		await page.shows('Found 2 s ago.', 15000);
		await page.shows('26201');
	});
});

test('what the last search found is there without a new one', async () => {
	await on('network', (router) => { router.replies.scan = { modem: '1-1.2', scanning: false, ago: 100, networks: [{ mcc_mnc: '26201', operator: 'Kept', state: 'available' }] }; return router; }, async (page, router) => {
		await page.shows('Kept');
		assert.deepEqual(asked(router, 'scan').map((one) => one.args.recent), [true]);
	});
});

test('a dangerous AT command is sent only after a second word', async () => {
	const refusal = { refused: 6, data: { error: 'AT!RESET may do harm; force sends it all the same' } };
	await on('tools', (router) => { router.replies.at = (args) => (args.force ? { lines: [], result: 'OK' } : refusal); return router; }, async (page, router) => {
		await page.fill('input[placeholder=ATI]', 'AT!RESET');
		await page.key('Enter');
		await page.shows('may do harm');
		assert.deepEqual(asked(router, 'at').map((one) => one.args.force), [undefined]);
		await page.click('.modal button', 'Send it');
		await page.until('document.querySelector("[role=log]").textContent.includes("OK")');
		assert.deepEqual(asked(router, 'at').map((one) => one.args.force), [undefined, true]);
	});
});

test('a recording becomes a capture file with what was told of this modem', async () => {
	await on('tools', (router) => { router.replies.trace = { modems: ['1-1.2'], seconds: 15 }; return router; }, async (page, router) => {
		await page.eval('URL.createObjectURL = (blob) => { window.saved = blob; return "blob:x"; }, HTMLAnchorElement.prototype.click = function() { window.savedAs = this.download; }');
		await page.click('button', 'Record');
		await page.shows('Recording.');
		router.notify('trace', { modem: '9-9', direction: 'to-modem', control: 'mbim', hex: '00' });
		router.notify('trace', { modem: '1-1.2', direction: 'to-modem', control: 'mbim', hex: '0100000010000000' });
		await page.shows('1 messages recorded.');
		await page.click('button', 'Stop and save');
		await page.until('window.saved');
		assert.equal(await page.eval('window.savedAs'), 'uwand-1-1.2.pcap');
		const head = 24 + 2 * (16 + 64) + 64;
		assert.equal(await page.eval('window.saved.size'), head + 2 * (16 + 64) + 8);
	});
});

test('where no events pass the web server the page says how else', async () => {
	await on('tools', (router) => { router.replies.trace = {}; router.subscribe = (request, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'); return router; }, async (page) => {
		await page.click('button', 'Record');
		await page.shows('uhttpd-mod-ubus');
	});
});

test('findings come with the worst first', async () => {
	await on('tools', (router) => { router.replies.doctor = { findings: [{ check: 'a', result: 'ok', what: 'fine' }, { check: 'b', result: 'fail', what: 'broken', why: 'so', remedy: 'mend' }, { check: 'c', result: 'warn', what: 'odd' }] }; return router; }, async (page) => {
		await page.click('button', 'Check now');
		await page.shows('broken');
		assert.deepEqual(await page.eval('[...document.querySelectorAll("tbody tr")].map((row) => row.cells[1].textContent)'), ['broken', 'odd', 'fine']);
	});
});
