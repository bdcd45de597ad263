/*
 * A thin stand-in for LuCI's runtime, for tests: the classes that pages require, with the same
 * contracts, traps included (E() takes a bare string as HTML; a null in a list of children
 * becomes the text "null"; rpc calls of one moment travel as one request). Written from what
 * LuCI 23.05 and later do.
 */
(function() {
	'use strict';

	const isElem = function(e) { return e !== null && typeof(e) == 'object' && 'nodeType' in e };

	/* --- classes --- */

	function Class() {}

	Class.extend = function(properties) {
		const base = this;
		const made = function() {
			if (typeof(this.__init__) == 'function')
				return this.__init__.apply(this, arguments);
		};

		made.prototype = Object.create(base.prototype);
		Object.keys(properties).forEach(function(key) { made.prototype[key] = properties[key] });
		made.prototype.constructor = made;
		Object.assign(made, base);
		made.base = base;

		return made;
	};

	/* --- elements --- */

	const dom = {
		elem: isElem,

		append: function(node, children) {
			if (Array.isArray(children))
				children.forEach(function(child) { node.appendChild(isElem(child) ? child : document.createTextNode(String(child))) });
			else if (typeof(children) == 'function')
				return dom.append(node, children(node));
			else if (isElem(children))
				node.appendChild(children);
			else if (children !== null && children !== undefined)
				node.innerHTML = String(children);

			return node.lastChild;
		},

		content: function(node, children) {
			while (node.firstChild)
				node.removeChild(node.firstChild);

			return dom.append(node, children);
		},

		attr: function(node, attributes) {
			Object.keys(attributes || {}).forEach(function(key) {
				const value = attributes[key];

				if (value === null || value === undefined)
					return;

				if (typeof(value) == 'function')
					node.addEventListener(key, value);
				else
					node.setAttribute(key, typeof(value) == 'object' ? JSON.stringify(value) : value);
			});
		},

		create: function(html, attributes, children) {
			if (!(attributes instanceof Object) || Array.isArray(attributes) || isElem(attributes)) {
				children = attributes;
				attributes = null;
			}

			if (Array.isArray(html)) {
				const all = document.createDocumentFragment();

				html.forEach(function(one) { all.appendChild(dom.create(one)) });

				return all;
			}

			let node = html;

			if (!isElem(html))
				node = html.charAt(0) == '<' ? new DOMParser().parseFromString(html, 'text/html').body.firstChild : document.createElement(html);

			dom.attr(node, attributes);
			dom.append(node, children);

			return node;
		}
	};

	window.E = dom.create;
	window._ = function(text) { return text };

	/* --- requests --- */

	const env = { sessionid: 'feedfacefeedfacefeedfacefeedface', ubuspath: '/ubus/', rpctimeout: 20, pollinterval: 5, resource_version: '' };
	let queue = [], serial = 1;

	function post(messages, timeout) {
		const abort = new AbortController(), timer = setTimeout(function() { abort.abort() }, timeout);

		return fetch(env.ubuspath, { method: 'POST', body: JSON.stringify(messages), signal: abort.signal, headers: { 'Content-Type': 'application/json' } }).then(function(response) {
			if (!response.ok)
				throw new Error('RPC call failed with HTTP error ' + response.status);

			return response.json();
		}, function(error) { throw new Error(error.name == 'AbortError' ? 'XHR request timed out' : 'XHR request failed') }).finally(function() { clearTimeout(timer) });
	}

	function flush() {
		const batch = queue;

		queue = [];
		post(batch.map(function(one) { return one.message }), env.rpctimeout * 1000).then(function(replies) {
			batch.forEach(function(one, i) { one.take(replies[i]) });
		}, function(error) { batch.forEach(function(one) { one.reject(error) }) });
	}

	function exchange(message, nobatch) {
		return new Promise(function(resolve, reject) {
			const one = { message: message, take: resolve, reject: reject };

			if (nobatch)
				return post([ message ], env.rpctimeout * 1000).then(function(replies) { resolve(replies[0]) }, reject);

			if (queue.push(one) === 1)
				setTimeout(flush, 0);
		});
	}

	const rpc = {
		getSessionID: function() { return env.sessionid },

		declare: function(options) {
			return function() {
				const args = arguments, params = {};

				(options.params || []).forEach(function(name, i) { params[name] = args[i] });

				const message = { jsonrpc: '2.0', id: serial++, method: 'call', params: [ env.sessionid, options.object, options.method, params ] };

				return exchange(message, options.nobatch).then(function(reply) {
					if (reply.error)
						throw new Error('RPC call to %s/%s failed with error %d: %s'.format(options.object, options.method, reply.error.code, reply.error.message));

					return reply.result.length > 1 ? reply.result[1] : reply.result[0];
				});
			};
		}
	};

	/* --- polling, in real time or as fast as a test says --- */

	const poll = {
		queue: [],

		add: function(fn, interval) {
			const entry = { fn: fn, ready: true };

			poll.queue.push(entry);
			setInterval(function() { poll.step(entry) }, (interval || env.pollinterval) * 1000 / (window.standin.speed || 1));

			return true;
		},

		step: function(entry) {
			if (!entry.ready)
				return;

			entry.ready = false;
			Promise.resolve(entry.fn()).finally(function() { entry.ready = true });
		}
	};

	/* --- user interface --- */

	const ui = {
		createHandlerFn: function(self, fn) {
			const bound = Array.prototype.slice.call(arguments, 2), call = typeof(fn) == 'string' ? self[fn] : fn;

			return function(ev) {
				const target = ev.currentTarget;

				target.classList.add('spinning');
				target.disabled = true;
				target.blur();
				Promise.resolve(call.apply(self, bound.concat([ ev ]))).finally(function() {
					target.classList.remove('spinning');
					target.disabled = false;
				});
			};
		},

		showModal: function(title, children) {
			ui.hideModal();

			const dialog = E('div', { 'class': 'modal', role: 'dialog', 'aria-modal': 'true' });

			dom.append(dialog, E('h4', {}, title));
			dom.append(dialog, children);
			document.body.appendChild(E('div', { id: 'modal_overlay' }, [ dialog ]));

			return dialog;
		},

		hideModal: function() {
			const old = document.getElementById('modal_overlay');

			if (old)
				old.parentNode.removeChild(old);
		},

		addNotification: function(title, children, kind) {
			const node = E('div', { 'class': 'alert-message ' + (kind || '') });

			if (title)
				dom.append(node, E('h4', {}, title));

			dom.append(node, children);
			document.getElementById('maincontent').prepend(node);
		},

		changes: {
			init: function() { return Promise.resolve() },
			displayChanges: function() { ui.showModal('Configuration / Changes', [ E('pre', {}, [ JSON.stringify(uci.changed) ]) ]) }
		}
	};

	/* --- configuration --- */

	const uci = {
		data: {}, changed: [],

		load: function(name) {
			return fetch('/uci/' + name).then(function(response) { return response.json() }).then(function(data) { uci.data[name] = data });
		},
		get: function(name, section, option) {
			const found = (uci.data[name] || {})[section];

			return found && option ? found[option] : found;
		},
		set: function(name, section, option, value) {
			uci.data[name] = uci.data[name] || {};
			uci.data[name][section] = uci.data[name][section] || {};
			uci.data[name][section][option] = value;
			uci.changed.push([ 'set', name, section, option, value ]);
		},
		unset: function(name, section, option) {
			if ((uci.data[name] || {})[section])
				delete uci.data[name][section][option];

			uci.changed.push([ 'unset', name, section, option ]);
		},
		save: function() { return Promise.resolve() }
	};

	/* --- views, loading --- */

	const View = Class.extend({
		__init__: function() {
			const self = this, place = document.getElementById('view');

			dom.content(place, E('div', { 'class': 'spinning' }, 'Loading view…'));
			window.standin.ready = Promise.resolve().then(function() { return self.load() }).then(function(data) { return self.render(data) }).then(function(nodes) { dom.content(place, nodes) });
			window.standin.ready.catch(function(error) { console.error(error) });
		},
		load: function() {},
		render: function() {}
	});

	const modules = { baseclass: Class, dom: dom, poll: poll, rpc: rpc, ui: ui, uci: uci, view: View };

	function compile(name, source) {
		const needs = [];

		source.replace(/^'require ([^\s']+)(?: as ([A-Za-z_]\w*))?';$/gm, function(all, module, alias) { needs.push([ module, alias || module.replace(/[^A-Za-z0-9_]/g, '_') ]) });

		return Promise.all(needs.map(function(need) { return L.require(need[0]) })).then(function(found) {
			const factory = Function.apply(null, [ 'window', 'document', 'L' ].concat(needs.map(function(need) { return need[1] }), [ source + '\n//# sourceURL=' + name ]));
			const made = factory.apply(null, [ window, document, L ].concat(found));

			return new made();
		});
	}

	const loading = {};

	window.L = {
		env: env,
		dom: dom,

		require: function(name) {
			if (modules[name])
				return Promise.resolve(modules[name]);

			if (!loading[name])
				loading[name] = fetch('/luci-static/resources/' + name.replace(/\./g, '/') + '.js').then(function(response) {
					if (!response.ok)
						throw new Error('HTTP error ' + response.status + ' while loading ' + name);

					return response.text();
				}).then(compile.bind(null, name)).then(function(made) { return (modules[name] = made) });

			return loading[name];
		},

		resource: function(path) { return '/luci-static/resources/' + path },
		url: function(path) { return '/cgi-bin/luci/' + path },
		bind: function(fn, self) { return fn.bind.apply(fn, Array.prototype.slice.call(arguments, 1)) },
		resolveDefault: function(value, otherwise) { return Promise.resolve(value).catch(function() { return otherwise }) },
		isObject: function(value) { return value !== null && typeof(value) == 'object' }
	};

	window.standin = { speed: 1, modules: modules, Class: Class, ready: null };
})();
