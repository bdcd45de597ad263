// The same pages on a real LuCI: log in, make an interface in the form, see it connect, provoke
// a stall, read the outage.
//
//   UWAND_LUCI_URL       http://ROUTER
//   UWAND_LUCI_PASSWORD  root's; empty where none is set
//   UWAND_LUCI_DEVICE    option device of the modem to use (auto)
//   UWAND_LUCI_NETDEV    option netdev, where it is not found by itself
//   UWAND_LUCI_STALL     a command of this machine after which packets die until a reconnect

import { test, after } from 'node:test';
import assert from 'node:assert/strict';
import { execSync } from 'node:child_process';
import { join } from 'node:path';
import { Browser } from '../browser.mjs';
import { HERE } from '../router.mjs';

const { UWAND_LUCI_URL: base, UWAND_LUCI_PASSWORD: password = '', UWAND_LUCI_DEVICE: device, UWAND_LUCI_NETDEV: netdev, UWAND_LUCI_STALL: stall } = process.env;
const skip = base ? false : 'the pages on a real LuCI: UWAND_LUCI_URL is not set';
const NAME = 'uwandtest';
const MINUTE = 60000;
const browser = base ? new Browser() : null;
const shot = (page, name) => page.screenshot(join(HERE, '../../target/luci', `real-${name}.png`));

after(() => browser?.close());

let page = null;

const at = (path) => `${base}/cgi-bin/luci/admin/${path}`;

async function ubus(object, method, args = {}) {
	return page.eval(`L.require('rpc').then((rpc) => rpc.declare({ object: ${JSON.stringify(object)}, method: ${JSON.stringify(method)}, params: ${JSON.stringify(Object.keys(args))} })(...${JSON.stringify(Object.values(args))}))`);
}

// Without the question whether the router is still there, which a page that is left never answers.
const apply = () => ubus('uci', 'apply', { timeout: 0, rollback: false });

async function visit(path, shown) {
	await page.go(at(path));
	await page.shows(shown, MINUTE);
	assert.deepEqual(page.errors.splice(0), [], path);
}

test('a person logs in', { skip }, async () => {
	page = await browser.open(at('status/overview'));
	// Themes move the form about when they are loaded.
	await page.until('document.readyState == "complete" && document.querySelector("input[name=luci_password]")', MINUTE);
	await new Promise((resolve) => setTimeout(resolve, 1000));
	await page.eval(`(() => { const e = document.querySelector("input[name=luci_password]"); e.value = ${JSON.stringify(password)}; e.form.submit(); })()`);
	await page.until('document.readyState == "complete" && document.querySelector("#topmenu li, #mainmenu li, .main-left li")', MINUTE);
	// The refused first visit is an error of the console's own.
	page.errors.length = 0;
});

test('every page is there and quiet', { skip }, async () => {
	for (const [path, title] of [['status', 'Cellular'], ['watchdog', 'Watchdog'], ['messages', 'Messages'], ['sim', 'SIM'], ['network', 'Network'], ['tools', 'Check-up']]) {
		await visit(`network/uwand/${path}`, title);
		await page.until('document.querySelector("#view .uw-section, #view .uw-empty")', MINUTE);
		await shot(page, path);
	}
});

test('an interface is made in the form and saved', { skip }, async () => {
	await page.go(at('network/network'));
	await page.shows('Add new interface', MINUTE);
	await page.click('button', 'Add new interface...');
	await page.until('document.querySelector(".modal select")');
	await page.fill('.modal input[type=text]', NAME);
	await page.eval('(() => { const e = [...document.querySelectorAll(".modal select")].find((one) => [...one.options].some((o) => o.value === "uwand")); e.value = "uwand"; e.dispatchEvent(new Event("change", { bubbles: true })); })()');
	await page.click('.modal button', 'Create interface');
	await page.until('document.querySelector(".modal [data-name=apn]")', MINUTE);
	for (const tab of ['uwand_sim', 'uwand_watchdog', 'advanced', 'general']) {
		await page.eval(`document.querySelector('.modal [data-tab="${tab}"] a').click()`);
		await new Promise((resolve) => setTimeout(resolve, 300));
		await shot(page, `form-${tab}`);
	}
	assert.match(await page.eval('document.querySelector(".modal output.uw-cost").textContent'), /about .* a month/);
	await page.fill('.modal [data-name=apn] input', 'internet');
	assert.deepEqual(page.errors.splice(0), []);
	await page.click('.modal button', 'Save');
	await page.until('!document.body.classList.contains("modal-overlay-active")', MINUTE);
	assert.equal(await page.eval(`L.require("uci").then((uci) => uci.load("network").then(() => uci.get("network", "${NAME}", "proto")))`), 'uwand');
});

test('it connects, and the status page shows it', { skip }, async () => {
	const more = { device, netdev, watchdog_interval: '5', watchdog_timeout: '1' };
	for (const [option, value] of Object.entries(more).filter(([, value]) => value))
		await page.eval(`L.require("uci").then((uci) => uci.load("network").then(() => { uci.set("network", "${NAME}", "${option}", "${value}"); return uci.save(); }))`);
	await apply();
	await visit('network/uwand/status', NAME);
	await page.shows('Connected', 2 * MINUTE);
	await page.until('document.querySelector("dl").innerText.includes("/")');
	await shot(page, 'connected');
	// The overview itself may have errors of its own on a router without wireless.
	await page.go(at('status/overview'));
	const shown = page.until(`[...document.querySelectorAll("h4")].some((one) => one.textContent === "${NAME}")`, MINUTE / 3);
	await shown.catch(() => console.log('skipped: the card in the overview: this LuCI lists its own cards only'));
	page.errors.length = 0;
});

test('a stall is mended, and the outage can be read', { skip: skip || (stall ? false : 'a stall on a real LuCI: UWAND_LUCI_STALL is not set') }, async () => {
	await visit('network/uwand/watchdog', 'What it would try');
	await page.shows('Healthy', MINUTE);
	execSync(stall);
	await page.until('document.querySelector(".uw-timeline > li")', 2 * MINUTE);
	await page.shows('ended by', 2 * MINUTE);
	await page.eval('document.querySelector(".uw-timeline summary").click()');
	await page.shows('How it was known');
	await shot(page, 'outage');
	assert.deepEqual(page.errors.splice(0), []);
});

test('the test’s interface is removed again', { skip }, async () => {
	await page.eval(`L.require("uci").then((uci) => uci.load("network").then(() => { uci.remove("network", "${NAME}"); return uci.save(); }))`);
	await apply();
	await new Promise((resolve) => setTimeout(resolve, 5000));
	const status = await ubus('uwand', 'status', {});
	assert.ok(!status.interfaces.some((one) => one.interface === NAME && one.state === 'up'));
});
