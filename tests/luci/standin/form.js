/*
 * The part of LuCI's form and network classes that a protocol's page meets: a section with tabs
 * and options, their widgets, dependencies, validation. Values are written nowhere; a test asks
 * standin.section for them.
 */
(function() {
	'use strict';

	const Class = standin.Class;
	const INTEGER = /^[0-9]+$/;

	function checkType(type, value) {
		const range = /range\((\d+),(\d+)\)/.exec(type), longest = /maxlength\((\d+)\)/.exec(type), shortest = /minlength\((\d+)\)/.exec(type);

		return !(type.indexOf('uinteger') > -1 && !INTEGER.test(value)) && !(range && (Number(value) < range[1] || Number(value) > range[2]))
			&& !(longest && value.length > longest[1]) && !(shortest && value.length < shortest[1]);
	}

	const Value = Class.extend({
		__init__: function(section, name, title, help) {
			Object.assign(this, { section: section, option: name, title: title, description: help, keylist: [], vallist: [], deps: [] });
		},
		value: function(key, label) { this.keylist.push(key); this.vallist.push(label === undefined ? key : label) },
		depends: function(field, value) { this.deps.push(typeof(field) == 'string' ? { [field]: value } : field) },
		load: function(section_id) { return uciGet(section_id, this.option) },
		cfgvalue: function() { return this.loaded },
		formvalue: function() { return this.input ? this.input.value : null },
		check: function() {
			const value = this.formvalue();

			if (!value)
				return true;

			if (this.datatype && !checkType(this.datatype, String(value)))
				return 'Expecting: ' + this.datatype;

			return this.validate ? this.validate(this.section.section, value) : true;
		},
		mark: function() {
			const fault = this.check();

			this.node.classList.toggle('cbi-input-invalid', fault !== true);
			this.node.setAttribute('data-fault', fault === true ? '' : fault);
		},
		renderWidget: function() {
			const list = 'list-' + this.option;

			this.input = E('input', { id: 'widget.' + this.option, type: this.password ? 'password' : 'text', value: this.loaded || '', placeholder: this.placeholder, list: this.keylist.length ? list : null, autocomplete: 'off' });

			return E('div', {}, [ this.input, this.keylist.length ? E('datalist', { id: list }, this.keylist.map(function(key, i) { return E('option', { value: key }, [ this.vallist[i] ]) }, this)) : '' ]);
		},
		render: function() {
			const self = this;

			this.node = E('div', { 'class': 'cbi-value', 'data-name': this.option }, [
				E('label', { 'class': 'cbi-value-title', 'for': 'widget.' + this.option }, [ this.title ]),
				E('div', { 'class': 'cbi-value-field' }, [ this.renderWidget(this.section.section, 0, this.cfgvalue()), E('div', { 'class': 'cbi-value-description' }, this.description || '') ])
			]);

			[ 'input', 'change' ].forEach(function(name) { self.node.addEventListener(name, function() { self.mark(); self.section.checkDepends() }) });

			return this.node;
		}
	});

	const ListValue = Value.extend({
		renderWidget: function() {
			const value = this.loaded || this.default;

			this.input = E('select', { id: 'widget.' + this.option }, this.keylist.map(function(key, i) { return E('option', { value: key, selected: key === value ? '' : null }, [ this.vallist[i] ]) }, this));

			return this.input;
		}
	});

	const Flag = Value.extend({
		renderWidget: function() {
			const value = this.loaded || this.default || '0';

			this.input = E('input', { id: 'widget.' + this.option, type: 'checkbox', checked: value === '1' ? '' : null });

			return this.input;
		},
		formvalue: function() { return this.input && this.input.checked ? '1' : '0' }
	});

	const DynamicList = Value.extend({
		renderWidget: function() {
			const self = this;

			this.list = E('ol');
			this.input = E('input', { id: 'widget.' + this.option, placeholder: this.placeholder, list: 'list-' + this.option });
			this.entries = [].concat(this.loaded || []);
			this.draw();

			return E('div', { 'class': 'cbi-dynlist' }, [ this.list, this.input, E('button', { type: 'button', 'class': 'btn add', click: function() { self.add(self.input.value) } }, [ '+' ]), E('datalist', { id: 'list-' + this.option }, this.keylist.map(function(key) { return E('option', { value: key }) })) ]);
		},
		draw: function() {
			const self = this;

			L.dom.content(this.list, this.entries.map(function(one) { return E('li', {}, [ self.keylist.indexOf(one) > -1 ? self.vallist[self.keylist.indexOf(one)] : one ]) }));
		},
		add: function(value) {
			if (!value || (this.validate && this.validate(this.section.section, value) !== true))
				return;

			this.entries.push(value);
			this.input.value = '';
			this.draw();
			this.node.dispatchEvent(new CustomEvent('cbi-dynlist-change', { bubbles: true }));
		},
		formvalue: function() { return this.entries || [] },
		check: function() { return this.validate && this.input.value ? this.validate(this.section.section, this.input.value) : true }
	});

	const DummyValue = Value.extend({
		renderWidget: function(section_id, index, value) { return E('output', {}, [ value || '' ]) },
		formvalue: function() { return null }
	});

	let stored = {};

	function uciGet(section, option) {
		return (stored[section] || {})[option];
	}

	/* --- a section as Network › Interfaces makes it --- */

	const Section = Class.extend({
		__init__: function(name) {
			Object.assign(this, { section: name, tabs: {}, children: [], map: { data: { get: function(config, section, option) { return uciGet(section, option) } } } });
		},
		tab: function(name, title) {
			if (this.tabs[name])
				throw 'Tab already declared';

			this.tabs[name] = { title: title, options: [] };
		},
		taboption: function(tab, kind, name, title, help) {
			if (!this.tabs[tab])
				throw new ReferenceError('Associated tab not declared');

			const made = new kind(this, name, title, help);

			made.map = this.map;
			this.children.push(made);
			this.tabs[tab].options.push(made);

			return made;
		},
		valueOf_: function(name) {
			const found = this.children.filter(function(one) { return one.option === name })[0];

			return found ? found.formvalue(this.section) : null;
		},
		checkDepends: function() {
			this.children.forEach(function(one) {
				const met = !one.deps.length || one.deps.some(function(dep) { return Object.keys(dep).every(function(key) { return this.valueOf_(key) === dep[key] }, this) }, this);

				one.node.classList.toggle('hidden', !met);
			}, this);
		},
		values: function() {
			const all = {};

			this.children.forEach(function(one) { all[one.option] = one.formvalue(this.section) }, this);

			return all;
		},
		show: function(name) {
			Object.keys(this.tabs).forEach(function(key) {
				this.tabs[key].pane.classList.toggle('hidden', key !== name);
				this.tabs[key].label.classList.toggle('cbi-tab', key === name);
			}, this);
		},
		render: function() {
			const self = this;
			const menu = E('ul', { 'class': 'cbi-tabmenu' }), node = E('div', { 'class': 'cbi-map' }, [ menu ]);

			Object.keys(this.tabs).forEach(function(key) {
				const tab = self.tabs[key];

				tab.label = menu.appendChild(E('li', { 'data-tab': key, click: function() { self.show(key) } }, [ tab.title ]));
				tab.pane = node.appendChild(E('div', { 'data-pane': key }, tab.options.map(function(one) { return one.render() })));
			});

			this.show('general');

			return node;
		}
	});

	/* --- protocols --- */

	const protocols = {}, errors = { CONNECT_FAILED: 'Connection attempt failed' };

	const network = {
		registerPatternVirtual: function() {},
		registerErrorCode: function(code, text) { return errors.hasOwnProperty(code) ? false : (errors[code] = text, true) },
		registerProtocol: function(name, methods) {
			const Protocol = Class.extend({ _ubus: function(field) { return (standin.ifstatus || {})[field] } });

			return (protocols[name] = Protocol.extend(Object.assign({}, methods, { __init__: function(sid) { this.sid = sid || 'wan' }, getProtocol: function() { return name } })));
		},
		getIfnameOf: function(name) { return name }
	};

	Object.assign(standin.modules, { network: network, form: { Value: Value, ListValue: ListValue, Flag: Flag, DynamicList: DynamicList, DummyValue: DummyValue } });
	standin.errors = errors;
	standin.protocols = protocols;

	/* The edit dialogue of one interface with these stored options. */
	standin.edit = function(name, options) {
		const section = standin.section = new Section(name);

		stored = { [name]: options };
		section.tab('general', 'General Settings');
		section.tab('advanced', 'Advanced Settings');
		new protocols.uwand(name).renderFormOptions(section);

		return Promise.all(section.children.map(function(one) {
			return Promise.resolve(one.load(name)).then(function(value) { one.loaded = value });
		})).then(function() {
			L.dom.content(document.getElementById('view'), section.render());
			section.checkDepends();
		});
	};
})();
