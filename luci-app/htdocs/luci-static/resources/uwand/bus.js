'use strict';
'require baseclass';
'require rpc';

/*
 * The ubus object "uwand" as the pages call it: every method with its arguments, and what a
 * refusal means. Nothing else in this app talks to the router about modems.
 *
 * Why no "expect" in the declarations? It would turn a refusal, which carries its reason in
 * "error", into an empty reply.
 */

const METHODS = {
	'status': [ 'interface' ],
	'reconnect': [ 'interface' ],
	'reset': [ 'modem', 'how' ],
	'signal': [ 'modem' ],
	'cells': [ 'modem' ],
	'scan': [ 'modem', 'recent' ],
	'sim': [ 'modem', 'action', 'pin', 'puk', 'new_pin', 'force' ],
	'sms_list': [ 'modem' ],
	'sms_send': [ 'modem', 'number', 'text' ],
	'sms_delete': [ 'modem', 'ids' ],
	'ussd': [ 'modem', 'action', 'text' ],
	'at': [ 'modem', 'command', 'force' ],
	'trace': [ 'modem' ],
	'explain': [ 'interface' ],
	'outages': [ 'interface', 'limit' ],
	'history': [ 'interface', 'modem', 'seconds' ],
	'doctor': []
};

/* Methods that wait for a network or a person, and the seconds they may take. */
const SLOW = { 'scan': 190, 'cells': 40, 'sms_list': 65, 'sms_send': 600, 'ussd': 195, 'sim': 65, 'at': 370, 'doctor': 60 };

const INVALID_ARGUMENT = 2, METHOD_NOT_FOUND = 3, NOT_FOUND = 4, DENIED = 6, TIMEOUT = 7, GONE = 10;

/* Of an exception: uhttpd tells a missing object and a missing right as JSON-RPC errors, and
   the browser its own time-out by its name. */
function kindOfException(error) {
	const words = '%s %s'.format(error.name || '', error.message || '');

	if (words.indexOf('-32000') > -1)
		return 'absent';

	if (words.indexOf('-32002') > -1)
		return 'denied';

	return (/time/i).test(words) ? 'timeout' : 'network';
}

function kindOfCode(code) {
	switch (code) {
	case NOT_FOUND: return 'absent';
	case METHOD_NOT_FOUND: return 'older';
	case DENIED: return 'denied';
	case TIMEOUT: return 'timeout';
	case GONE: return 'absent';
	default: return 'refused';
	}
}

function words(kind, code) {
	switch (kind) {
	case 'absent':
		return _('The uwand daemon does not answer. It starts again by itself within a second; if it does not, see System › Startup and the system log.');
	case 'older':
		return _('The running uwand daemon is older than these pages and does not offer this. Restart it after an update.');
	case 'denied':
		return _('Your login may not do this: its access rights do not include the cellular service.');
	case 'timeout':
		return _('No answer in time. What was begun may go on in the router.');
	case 'network':
		return _('The router does not answer.');
	default:
		return _('The daemon refused it (ubus code %d).').format(code);
	}
}

function failure(kind, text, data) {
	const error = new Error(text);

	error.kind = kind;
	error.data = data || {};

	return error;
}

/* A reply table, or an exception that has "kind" and words for people. */
function judge(reply) {
	if (typeof(reply) == 'number') {
		const kind = kindOfCode(reply);

		if (reply === 0)
			return {};

		throw failure(kind, words(kind, reply));
	}

	if (reply === null || typeof(reply) != 'object')
		throw failure('refused', words('refused', INVALID_ARGUMENT));

	if (typeof(reply.error) == 'string')
		throw failure('refused', reply.error, reply);

	return reply;
}

function judgeException(error) {
	if (error.kind)
		throw error;

	const kind = kindOfException(error);

	throw failure(kind, words(kind));
}

const declared = {};

function declare(method) {
	if (!METHODS.hasOwnProperty(method))
		throw new TypeError('uwand has no method ' + method);

	if (!declared[method])
		declared[method] = rpc.declare({
			object: 'uwand',
			method: method,
			params: METHODS[method],
			nobatch: SLOW.hasOwnProperty(method)
		});

	return declared[method];
}

/* LuCI reads its time-out when a request is made, not when it is declared. */
function patiently(seconds, fn) {
	const usual = L.env.rpctimeout;

	L.env.rpctimeout = Math.max(usual || 20, seconds);

	try {
		return fn();
	}
	finally {
		L.env.rpctimeout = usual;
	}
}

return baseclass.extend({
	METHODS: METHODS,

	judge: judge,
	judgeException: judgeException,

	call: function(method, args) {
		const ask = declare(method), given = args || {};
		const values = METHODS[method].map(function(name) { return given[name] });
		const sent = patiently(SLOW[method] || 0, function() { return ask.apply(null, values) });

		return sent.then(judge, judgeException);
	}
});
