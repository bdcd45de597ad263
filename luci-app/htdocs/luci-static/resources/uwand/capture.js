'use strict';
'require baseclass';

/*
 * PURE. Control messages as a capture file that Wireshark opens: link type 220, Linux usbmon
 * with its 64 byte header (Linux, Documentation/usb/usbmon.rst), one URB a message and its
 * completion: SEND_ENCAPSULATED_COMMAND and GET_ENCAPSULATED_RESPONSE (USB CDC 1.2, 6.2).
 * It begins with a configuration descriptor of an MBIM function, by which Wireshark knows how
 * to decode device 2; QMI messages are on device 3, for which it has no decoder.
 */

const MBIM_DEVICE = 2, QMI_DEVICE = 3, HEADER = 64;
const DESCRIPTOR = [
	9, 2, 64, 0, 2, 1, 0, 0x80, 50, 9, 4, 0, 0, 1, 2, 14, 0, 0, 5, 0x24, 0, 0x10, 1, 5, 0x24, 6, 0, 1,
	12, 0x24, 0x1b, 0, 1, 0, 0x10, 32, 128, 0xdc, 5, 0x20, 8, 0x24, 0x1c, 0, 1, 16, 0xdc, 5,
	7, 5, 0x81, 3, 64, 0, 5, 9, 4, 1, 0, 0, 10, 0, 2, 0
];

function word32(n) {
	return [ n & 255, (n >>> 8) & 255, (n >>> 16) & 255, (n >>> 24) & 255 ];
}

function word16(n) {
	return [ n & 255, (n >>> 8) & 255 ];
}

function word64(n) {
	return word32(n % 4294967296).concat(word32(Math.floor(n / 4294967296)));
}

/* Bytes that the daemon has masked become stars as UTF-16 has them. */
function bytes(hex) {
	const out = [];
	let masked = false;

	for (let i = 0; i + 1 < hex.length; i += 2) {
		const pair = hex.substr(i, 2);

		masked = pair == '**' && !masked;
		out.push(masked ? 0x2a : parseInt(pair, 16) || 0);
	}

	return out;
}

/* One event of a URB: "S" for submitted, "C" for completed. */
function event(at, id, device, kind, inward, setup, data, length) {
	const seconds = Math.floor(at / 1000), micros = Math.round(at % 1000 * 1000);
	const head = [].concat(
		word64(id), [ kind.charCodeAt(0), 2, inward ? 0x80 : 0, device ], word16(1),
		[ setup ? 0 : 0x2d, data.length ? 0 : (inward ? 0x3c : 0x3e) ],
		word64(seconds), word32(micros), word32(kind == 'S' ? -115 : 0), word32(length), word32(data.length),
		setup || [ 0, 0, 0, 0, 0, 0, 0, 0 ], word32(0), word32(0), word32(0), word32(0));
	const packet = head.concat(data);

	return [].concat(word32(seconds), word32(micros), word32(packet.length), word32(packet.length), packet);
}

function transfer(at, id, device, setup, data) {
	const inward = (setup[0] & 0x80) !== 0;

	return event(at, id, device, 'S', inward, setup, inward ? [] : data, data.length)
		.concat(event(at, id, device, 'C', inward, null, inward ? data : [], data.length));
}

function begin(at) {
	const head = [].concat(word32(0xa1b2c3d4), word16(2), word16(4), word32(0), word32(0), word32(0x40000), word32(220));

	return head.concat(transfer(at, 1, MBIM_DEVICE, [ 0x80, 6, 0, 2, 0, 0 ].concat(word16(DESCRIPTOR.length)), DESCRIPTOR));
}

function message(one, id) {
	const data = bytes(one.hex || ''), out = one.direction == 'to-modem';
	const setup = out ? [ 0x21, 0, 0, 0, 0, 0 ].concat(word16(data.length)) : [ 0xa1, 1, 0, 0, 0, 0 ].concat(word16(Math.max(data.length, 4096)));

	return transfer(one.at, id, one.control == 'qmi' ? QMI_DEVICE : MBIM_DEVICE, setup, data);
}

/* Complete events of a text/event-stream, and the rest that is not yet one. */
function events(text) {
	const blocks = text.split('\n\n'), rest = blocks.pop();
	const found = [];

	blocks.forEach(function(block) {
		let name = '', data = '';

		block.split('\n').forEach(function(line) {
			if (line.indexOf('event: ') === 0)
				name = line.substr(7);
			else if (line.indexOf('data: ') === 0)
				data += line.substr(6);
		});

		try {
			found.push({ name: name, data: JSON.parse(data) });
		}
		catch (e) {
			/* a comment, or "retry:" */
		}
	});

	return { events: found, rest: rest };
}

return baseclass.extend({
	HEADER: HEADER,
	bytes: bytes,
	events: events,

	/* messages: [{at (ms since 1970), direction, control, hex}] -> Uint8Array */
	pcap: function(messages) {
		let out = begin(messages.length ? messages[0].at : 0);

		messages.forEach(function(one, i) { out = out.concat(message(one, i + 2)) });

		return new Uint8Array(out);
	}
});
