// A headless Chromium, driven over its DevTools pipe: no driver program, no package.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions', '--disable-background-networking', '--hide-scrollbars', '--remote-debugging-pipe', 'about:blank'];
const PATIENCE = 60000;

export class Browser {
	constructor() {
		this.profile = mkdtempSync(join(tmpdir(), 'uwand-chromium-'));
		this.process = spawn(process.env.CHROMIUM || 'chromium', [`--user-data-dir=${this.profile}`, ...FLAGS], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
		this.waiting = new Map();
		this.listeners = new Map();
		this.serial = 0;
		this.rest = '';
		this.process.stdio[4].on('data', (chunk) => this.take(chunk));
		this.process.stdio[3].on('error', () => {});
	}

	take(chunk) {
		const parts = (this.rest + chunk.toString()).split('\0');
		this.rest = parts.pop();
		for (const part of parts)
			this.hear(JSON.parse(part));
	}

	hear(message) {
		if (message.id === undefined)
			return this.listeners.get(message.sessionId)?.(message);
		const one = this.waiting.get(message.id);
		this.waiting.delete(message.id);
		clearTimeout(one.timer);
		message.error ? one.reject(new Error(message.error.message)) : one.resolve(message.result);
	}

	send(method, params = {}, sessionId) {
		const id = ++this.serial;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => { this.waiting.delete(id); reject(new Error(`${method}: no answer`)); }, PATIENCE);
			this.waiting.set(id, { resolve, reject, timer });
			this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
		});
	}

	async open(url, options = {}) {
		const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
		const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
		const page = new Page(this, targetId, sessionId);
		await page.prepare(options);
		await page.go(url);
		return page;
	}

	async close() {
		const ended = new Promise((resolve) => this.process.once('exit', resolve));
		await this.send('Browser.close').catch(() => this.process.kill());
		await ended;
		rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
	}
}

export class Page {
	constructor(browser, targetId, sessionId) {
		Object.assign(this, { browser, targetId, sessionId, errors: [] });
		browser.listeners.set(sessionId, (message) => this.hear(message));
	}

	hear({ method, params }) {
		if (method === 'Runtime.exceptionThrown')
			this.errors.push(params.exceptionDetails.exception?.description || params.exceptionDetails.text);
		else if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
			this.errors.push(params.args.map((arg) => arg.description || arg.value).join(' '));
		else if (method === 'Log.entryAdded' && params.entry.level === 'error')
			this.errors.push(`${params.entry.text} ${params.entry.url || ''}`);
		else if (method === 'Page.loadEventFired')
			this.loaded?.();
	}

	send(method, params) {
		return this.browser.send(method, params, this.sessionId);
	}

	async prepare({ width = 1100, height = 900, dark = false, script }) {
		for (const domain of ['Page', 'Runtime', 'Log'])
			await this.send(`${domain}.enable`);
		await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
		await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
		if (script)
			await this.send('Page.addScriptToEvaluateOnNewDocument', { source: script });
	}

	async go(url) {
		const loaded = new Promise((resolve) => { this.loaded = resolve; });
		await this.send('Page.navigate', { url });
		await loaded;
	}

	// The value of an expression, promises awaited.
	async eval(expression) {
		const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
		if (exceptionDetails)
			throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
		return result.value;
	}

	text(selector = 'body') {
		return this.eval(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
	}

	// Waits until the expression holds.
	async until(expression, limit = 10000) {
		const end = Date.now() + limit;
		while (!(await this.eval(`!!(${expression})`))) {
			if (Date.now() > end)
				throw new Error(`never true: ${expression}; the page says: ${await this.text()}`);
			await new Promise((resolve) => setTimeout(resolve, 40));
		}
	}

	shows(text, limit) {
		return this.until(`document.body.innerText.includes(${JSON.stringify(text)})`, limit);
	}

	// A real click in the middle of the nth element with this selector (and these words).
	async click(selector, words) {
		const find = `[...document.querySelectorAll(${JSON.stringify(selector)})].filter((e) => e.offsetParent !== null && (${JSON.stringify(words ?? null)} === null || e.textContent.trim() === ${JSON.stringify(words ?? '')}))[0]`;
		await this.until(find);
		const at = await this.still(`(() => { const e = ${find}; e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + r.height / 2 }; })()`);
		for (const type of ['mousePressed', 'mouseReleased'])
			await this.send('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 });
	}

	// Where something is once it does not move any more: a page that fills up shifts its buttons.
	async still(expression) {
		for (let last = null; ;) {
			const now = await this.eval(expression);
			if (last && now.x === last.x && now.y === last.y)
				return now;
			last = now;
			await new Promise((resolve) => setTimeout(resolve, 60));
		}
	}

	async fill(selector, value) {
		await this.until(`document.querySelector(${JSON.stringify(selector)})`);
		await this.eval(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.focus(); e.value = ''; })()`);
		await this.send('Input.insertText', { text: value });
		await this.eval(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.dispatchEvent(new Event('change', { bubbles: true })); })()`);
	}

	async key(key, code = key) {
		for (const type of ['keyDown', 'keyUp'])
			await this.send('Input.dispatchKeyEvent', { type, key, code, windowsVirtualKeyCode: { Enter: 13, Escape: 27, Tab: 9 }[key], text: key === 'Enter' && type === 'keyDown' ? '\r' : undefined });
	}

	async screenshot(file) {
		const { cssContentSize: size } = await this.send('Page.getLayoutMetrics');
		const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true, clip: { x: 0, y: 0, width: size.width, height: Math.min(size.height, 4000), scale: 1 } });
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, Buffer.from(data, 'base64'));
	}

	close() {
		return this.browser.send('Target.closeTarget', { targetId: this.targetId });
	}
}
