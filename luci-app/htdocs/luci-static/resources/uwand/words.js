'use strict';
'require baseclass';

/*
 * Words for people, for every label that the daemon uses. The keys are the daemon's own, and a
 * test holds the two together.
 */

const LINK_STATES = {
	'down': _('Down'),
	'waiting': _('Waiting'),
	'connecting': _('Connecting'),
	'up': _('Connected'),
	'suspect': _('Connected, in doubt'),
	'recovering': _('Recovering'),
	'blocked': _('Blocked: needs you')
};

const MODEM_STATES = {
	'seen': _('Present, not used by uwand'),
	'missing': _('Not there'),
	'opening': _('Starting'),
	'open': _('In use'),
	'hung': _('Does not answer')
};

const SIM_STATES = {
	'unknown': _('Unknown'),
	'not-ready': _('Being read'),
	'ready': _('Ready'),
	'absent': _('No SIM'),
	'pin-required': _('Wants its PIN'),
	'puk-required': _('Blocked, wants its PUK'),
	'failed': _('Unreadable or rejected'),
	'not-activated': _('Not activated by its operator')
};

const LOCKS = {
	'none': _('Nothing is asked for'),
	'pin': _('The PIN is asked for'),
	'puk': _('The PUK is asked for'),
	'network': _('The modem is locked to an operator or another SIM')
};

const REGISTRATIONS = {
	'unknown': _('Unknown'),
	'not-registered': _('Not registered'),
	'searching': _('Searching'),
	'home': _('Home network'),
	'roaming': _('Roaming'),
	'partner': _('Roaming at a partner'),
	'denied': _('Denied')
};

const TECHNOLOGIES = {
	'gsm': _('2G (GSM)'),
	'umts': _('3G (UMTS)'),
	'lte': _('4G (LTE)'),
	'5g-nsa': _('5G with LTE'),
	'5g-sa': _('5G'),
	'cdma': _('CDMA')
};

const HEALTH = {
	'off': _('Not watched'),
	'healthy': _('Healthy'),
	'suspect': _('In doubt'),
	'stalled': _('Stalled')
};

const FAULTS = {
	'sim': _('No usable SIM'),
	'pin': _('PIN or PUK wanted'),
	'radio_off': _('Radio off'),
	'fcc_lock': _('FCC lock'),
	'not_registered': _('No network'),
	'denied': _('Registration denied'),
	'roaming': _('Roaming not allowed'),
	'no_bearer': _('No connection from the network'),
	'no_address': _('No address'),
	'no_traffic': _('Connected, no traffic'),
	'dns_only': _('No name resolution'),
	'target_down': _('Probed target does not answer'),
	'outage': _('Outage of the network'),
	'modem_deaf': _('Modem does not answer'),
	'modem_gone': _('Modem gone'),
	'no_driver': _('No driver for the modem')
};

const RUNGS = {
	'renew': _('Read the settings again'),
	'reconnect': _('Reconnect'),
	'reregister': _('Radio off and on'),
	'reset': _('Restart the modem'),
	'power': _('Cut the modem’s power'),
	'reboot': _('Restart the router')
};

const RUNG_EFFECTS = {
	'renew': _('Nothing is interrupted.'),
	'reconnect': _('The data session ends and starts again: some seconds without traffic, often a new address.'),
	'reregister': _('The modem leaves the network and registers again: up to a minute without traffic.'),
	'reset': _('The modem restarts and comes back on USB: one to two minutes without traffic. Calls and AT sessions of other programs end.'),
	'power': _('The modem’s power is cut, or the nearest thing this board has. What shares its supply or port loses power too.'),
	'reboot': _('The whole router restarts.')
};

const RUNG_STATES = {
	'ready': _('ready'),
	'tried': _('tried'),
	'spent': _('budget spent'),
	'unfit': _('cannot cure this'),
	'off': _('not configured')
};

const NETWORK_STATES = {
	'current': _('in use'),
	'available': _('available'),
	'forbidden': _('forbidden'),
	'unknown': _('unknown')
};

const FOLDERS = {
	'unread': _('New'),
	'read': _('Received'),
	'draft': _('Draft'),
	'sent': _('Sent')
};

const DELIVERIES = {
	'delivered': _('delivered'),
	'forwarded': _('forwarded'),
	'replaced': _('replaced'),
	'trying': _('still being tried'),
	'failed': _('failed'),
	'gave-up': _('given up'),
	'unknown': _('unknown')
};

const USSD_STATES = {
	'done': _('The network has answered.'),
	'asks': _('The network waits for your answer.'),
	'ended': _('The dialogue has ended.')
};

/* netifd's error codes: what is wrong, and what to do about it. */
const ERRORS = {
	'NO_DAEMON': [ _('The uwand daemon does not run.'), _('See System › Startup, and the system log for why it ended.') ],
	'NO_MODEM': [ _('The configured modem is not there.'), _('Check that it is plugged in, or choose another under “Modem”.') ],
	'MODEM_HUNG': [ _('The modem does not answer.'), _('It is reset when the watchdog’s budget allows; otherwise unplug it.') ],
	'NO_SIM': [ _('There is no SIM in the modem.'), _('Insert one; it is found without a restart.') ],
	'PIN_REQUIRED': [ _('The SIM wants its PIN.'), _('Enter it under “SIM and roaming”, or unlock it once under Network › Cellular › SIM.') ],
	'PIN_FAILED': [ _('The SIM refused the configured PIN.'), _('Correct it; it is not sent again by itself, so no try is lost.') ],
	'PUK_REQUIRED': [ _('The SIM is blocked and wants its PUK.'), _('Unblock it under Network › Cellular › SIM with the PUK from your operator.') ],
	'NOT_REGISTERED': [ _('The modem finds no network to register on.'), _('Check antenna, coverage, and the network and technologies chosen under “SIM and roaming”.') ],
	'REGISTRATION_DENIED': [ _('The network refuses this SIM or modem.'), _('Check the contract, and a fixed network code.') ],
	'ROAMING_NOT_ALLOWED': [ _('The SIM is abroad, and roaming is not allowed.'), _('Tick “Allow roaming” if you accept its costs.') ],
	'ATTACH_FAILED': [ _('The network gives no packet service.'), _('Check the contract; some networks also refuse a wrong APN in this way.') ],
	'CONNECT_FAILED': [ _('The connection was refused or ended.'), _('Check the APN, and user name and password if it wants any.') ],
	'NO_ADDRESS': [ _('Connected, but no address came.'), _('Try another IP type under “Advanced Settings”.') ],
	'NO_TRAFFIC': [ _('Connected, but nothing comes back.'), _('See Network › Cellular › Watchdog for what is being tried.') ],
	'BAD_CONFIG': [ _('An option of this interface is wrong.'), _('The message names option, value and remedy.') ],
	'RADIO_OFF': [ _('The radio is switched off.'), _('Look for a hardware switch or an rfkill block.') ],
	'FCC_LOCKED': [ _('The modem stays in low power until its FCC lock is released.'), _('The computer’s maker decides how; some modems accept a vendor command.') ]
};

/* An unknown label, of a newer daemon, is shown as it is. */
function word(table, label) {
	if (label == null || label === '')
		return '';

	return table.hasOwnProperty(label) ? table[label] : String(label);
}

function named(table) {
	return function(label) { return word(table, label) };
}

return baseclass.extend({
	ERRORS: ERRORS,
	RUNGS: RUNGS,
	LINK_STATES: LINK_STATES,

	link: named(LINK_STATES),
	modem: named(MODEM_STATES),
	sim: named(SIM_STATES),
	lock: named(LOCKS),
	registration: named(REGISTRATIONS),
	technology: named(TECHNOLOGIES),
	health: named(HEALTH),
	fault: named(FAULTS),
	rung: named(RUNGS),
	rungEffect: named(RUNG_EFFECTS),
	rungState: named(RUNG_STATES),
	network: named(NETWORK_STATES),
	folder: named(FOLDERS),
	delivery: named(DELIVERIES),
	ussd: named(USSD_STATES),

	/* Words and advice of one of netifd's error codes, or null. */
	error: function(code) {
		return ERRORS.hasOwnProperty(code) ? ERRORS[code].join(' ') : null;
	}
});
