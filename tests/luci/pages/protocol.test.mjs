import { test } from 'node:test';
import assert from 'node:assert/strict';
import { asItIs, onProtocol } from './stage.mjs';
import { load } from '../module.mjs';

const { OPTIONS } = load('uwand.options');
const cost = load('uwand.cost');
const show = load('uwand.show');

test('every option has a field in its tab', async () => {
	await onProtocol({ apn: 'internet' }, asItIs, async (page) => {
		for (const one of OPTIONS)
			assert.ok(await page.eval(`document.querySelector('[data-pane="${one.tab}"] [data-name="${one.name}"]') !== null`), one.name);
	});
});

test('a modem is picked from those present, with model, operator and SIM', async () => {
	await onProtocol({}, asItIs, async (page, router) => {
		const told = await page.eval('[...document.querySelectorAll("#list-device option")].map((one) => [one.value, one.textContent])');
		assert.deepEqual(told[0], ['auto', 'Automatic: the only modem']);
		assert.equal(told[1][0], '1-1.2');
		assert.match(told[1][1], /Simulated LTE.*Test Net.*Ready/);
		assert.equal(router.requests.length, 1);
	});
});

test('names are suggested for the home network of the SIM, and any other can be typed', async () => {
	await onProtocol({}, (router) => { router.replies.status.modems[0].imsi = '262021234567890'; return router; }, async (page) => {
		assert.deepEqual(await page.eval('[...document.querySelectorAll("#list-apn option")].map((one) => one.value)'), ['web.vodafone.de']);
		await page.fill('#widget\\.apn', 'my.own.apn');
		assert.equal(await page.eval('standin.section.values().apn'), 'my.own.apn');
	});
});

test('the form is there without a daemon, too', async () => {
	await onProtocol({}, (router) => { router.absent = true; return router; }, async (page) => {
		assert.deepEqual(await page.eval('[...document.querySelectorAll("#list-device option")].map((one) => one.value)'), ['auto']);
	});
});

test('user name and password belong to an authentication, and the watchdog’s options to the watchdog', async () => {
	await onProtocol({}, asItIs, async (page) => {
		const hidden = (name) => page.eval(`document.querySelector('[data-name="${name}"]').classList.contains('hidden')`);
		assert.deepEqual([await hidden('username'), await hidden('password'), await hidden('watchdog_interval')], [true, true, false]);
		await page.eval('(() => { const e = document.getElementById("widget.auth"); e.value = "chap"; e.dispatchEvent(new Event("change", { bubbles: true })); })()');
		assert.deepEqual([await hidden('username'), await hidden('password')], [false, false]);
		await page.eval('document.getElementById("widget.watchdog").click()');
		assert.deepEqual([await hidden('watchdog_interval'), await hidden('watchdog_ladder'), await hidden('power')], [true, true, true]);
	});
});

test('the monthly cost is computed as one types', async () => {
	const shown = (settings) => show.bytes(cost.month({ enabled: true, interval: 30, quorum: 1, targets: [], ...settings }));
	await onProtocol({}, asItIs, async (page) => {
		await page.click('[data-tab=uwand_watchdog]');
		await page.shows(`about ${shown({})} a month`);
		await page.fill('#widget\\.watchdog_interval', '5');
		await page.shows(`about ${shown({ interval: 5 })} a month`);
		await page.fill('#widget\\.watchdog_target', 'http://example.org/');
		await page.eval('document.querySelector("[data-name=watchdog_target] .add").click()');
		await page.shows(`about ${shown({ interval: 5, targets: ['http://example.org/'] })} a month`);
		await page.fill('#widget\\.watchdog_interval', 'x');
		await page.shows('not to be computed');
	});
});

test('rungs are a list in the person’s order', async () => {
	await onProtocol({ watchdog_ladder: ['reset', 'reconnect'] }, asItIs, async (page) => {
		await page.click('[data-tab=uwand_watchdog]');
		await page.fill('#widget\\.watchdog_ladder', 'reboot');
		await page.eval('document.querySelector("[data-name=watchdog_ladder] .add").click()');
		assert.deepEqual(await page.eval('standin.section.values().watchdog_ladder'), ['reset', 'reconnect', 'reboot']);
		await page.shows('Restart the router');
	});
});

test('what the daemon would refuse is marked before it is saved', async () => {
	await onProtocol({}, asItIs, async (page) => {
		await page.eval('document.querySelectorAll("[data-pane]").forEach((pane) => pane.classList.remove("hidden"))');
		const fault = async (name, value) => {
			await page.fill(`#widget\\.${name}`, value);
			await page.eval(`document.getElementById('widget.${name}').dispatchEvent(new Event('change', { bubbles: true }))`);
			return page.eval(`document.querySelector('[data-name="${name}"]').getAttribute('data-fault')`);
		};
		for (const [name, good, bad] of [['plmn', '26201', '2620'], ['pincode', '1234', '12345678x'], ['mtu', '1430', '100'], ['profile', '3', '0'], ['session', '0', '256'], ['watchdog_timeout', '3', '61'], ['power', 'gpio:modem', 'gpio'], ['watchdog_target', 'dns:9.9.9.9', 'example']]) {
			assert.equal(await fault(name, good), '', `${name} ${good}`);
			assert.notEqual(await fault(name, bad), '', `${name} ${bad}`);
		}
	});
});

test('an error of netifd has our words, its advice and the network’s own', async () => {
	await onProtocol({}, asItIs, async (page) => {
		await page.eval('standin.ifstatus = { errors: [{ subsystem: "uwand", code: "CONNECT_FAILED", data: ["the connection was refused or ended", "ESM cause 27: unknown or missing APN"] }, { code: "NEWER_THAN_THIS" }] }');
		const errors = await page.eval('new standin.protocols.uwand("wan").getErrors()');
		assert.match(errors[0], /Check the APN.*ESM cause 27/);
		assert.equal(errors[1], 'NEWER_THAN_THIS');
		assert.match(await page.eval('standin.errors.NO_SIM'), /Insert one/);
		await page.eval('standin.ifstatus = {}');
		assert.equal(await page.eval('new standin.protocols.uwand("wan").getErrors()'), null);
	});
});
