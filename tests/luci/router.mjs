// A router as a page sees it: the app's files, the stand-in for LuCI, and a ubus that answers
// with what the daemon said in the simulated world (recorded/).

import { createServer } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const HERE = dirname(fileURLToPath(import.meta.url));
export const APP = join(HERE, '../../luci-app');
const TYPES = { js: 'text/javascript', css: 'text/css', html: 'text/html', json: 'application/json' };

export function recorded(name) {
	return JSON.parse(readFileSync(join(HERE, 'recorded', `${name}.json`), 'utf8'));
}

export class Router {
	constructor() {
		// Each method's reply: a table, a function of the arguments, or {code, data} for a refusal.
		this.replies = {};
		this.requests = [];
		this.posts = 0;
		this.absent = false;
		this.uci = { network: { wan: { proto: 'uwand', apn: 'internet' } } };
		this.streams = [];
	}

	answer({ id, params: [, object, method, args] }) {
		this.requests.push({ method, args });
		const say = (rest) => ({ jsonrpc: '2.0', id, ...rest });
		if (object !== 'uwand' || this.absent)
			return say({ error: { code: -32000, message: 'Object not found' } });
		let reply = this.replies[method];
		if (typeof reply === 'function')
			reply = reply(args);
		if (reply === undefined)
			return say({ result: [3] });
		return say({ result: reply.refused === undefined ? [0, reply] : reply.data ? [reply.refused, reply.data] : [reply.refused] });
	}

	page(query) {
		return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><link rel="stylesheet" href="/standin/theme.css"><script src="/standin/format.js"></script><script src="/standin/luci.js"></script><script src="/standin/form.js"></script></head><body><div id="maincontent"><div id="view"></div></div><script>standin.speed = ${Number(query.get('speed')) || 1}; standin.begun = performance.now(); L.require(${JSON.stringify(query.get('view'))}).then(${query.get('then') || 'function() {}'});</script></body></html>`;
	}

	file(path) {
		if (path.startsWith('/luci-static/resources/'))
			return join(APP, 'htdocs', path);
		return path.startsWith('/standin/') ? join(HERE, path) : null;
	}

	post(request, response) {
		let body = '';
		request.on('data', (chunk) => { body += chunk; });
		request.on('end', () => {
			this.posts++;
			const answers = JSON.parse(body).map((one) => this.answer(one));
			response.setHeader('Content-Type', 'application/json');
			response.end(JSON.stringify(answers));
		});
	}

	handle(request, response) {
		const url = new URL(request.url, 'http://router');
		const path = normalize(url.pathname);
		const file = this.file(path);
		if (request.method === 'POST')
			return this.post(request, response);
		if (path === '/page')
			return response.setHeader('Content-Type', 'text/html').end(this.page(url.searchParams));
		if (path === '/ubus/subscribe/uwand')
			return this.subscribe(request, response);
		if (path.startsWith('/uci/'))
			return response.setHeader('Content-Type', 'application/json').end(JSON.stringify(this.uci[path.slice(5)] || {}));
		if (!file || !existsSync(file))
			return response.writeHead(404).end();
		response.setHeader('Content-Type', TYPES[file.split('.').pop()] || 'text/plain').end(readFileSync(file));
	}

	subscribe(request, response) {
		if (!/^Bearer [0-9a-f]{32}$/.test(request.headers.authorization || ''))
			return response.writeHead(403).end();
		response.writeHead(200, { 'Content-Type': 'text/event-stream' });
		response.flushHeaders();
		this.streams.push(response);
	}

	notify(kind, data) {
		for (const stream of this.streams)
			stream.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
	}

	async start() {
		this.server = createServer((request, response) => this.handle(request, response));
		await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		this.base = `http://127.0.0.1:${this.server.address().port}`;
		return this;
	}

	url(view, options = {}) {
		return `${this.base}/page?${new URLSearchParams({ view, ...options })}`;
	}

	async stop() {
		for (const stream of this.streams)
			stream.end();
		this.server.closeAllConnections?.();
		await new Promise((resolve) => this.server.close(resolve));
	}
}

// Everything as the daemon says it while all is well.
export function well() {
	const router = new Router();
	for (const method of ['status', 'signal', 'cells', 'scan', 'sim', 'sms_list', 'explain', 'outages', 'history', 'doctor'])
		router.replies[method] = recorded(method);
	Object.assign(router.replies, { reconnect: {}, reset: {}, sms_delete: { deleted: [1] } });
	return router;
}
