/* What LuCI adds to every string: the few conversions of its format() that pages use. */
(function() {
	function one(type, flags, width, precision, value) {
		switch (type) {
		case 'd': return String(Math.trunc(Number(value) || 0)).padStart(Number(width) || 0, flags.indexOf('0') > -1 ? '0' : ' ');
		case 'f': return Number(value).toFixed(precision === undefined ? 6 : Number(precision));
		case 's': return String(value === undefined || value === null ? '' : value);
		case 'h': return String(value).replace(/[&<>"']/g, function(c) { return '&#' + c.charCodeAt(0) + ';' });
		default: throw new TypeError('the stand-in has no %' + type);
		}
	}

	String.prototype.format = function() {
		const values = arguments;
		let next = 0;

		return this.replace(/%(%|([0-]*)(\d*)(?:\.(\d+))?([a-zA-Z]))/g, function(all, rest, flags, width, precision, type) {
			if (rest == '%')
				return '%';

			if (next >= values.length)
				throw new TypeError('no value for ' + all);

			return one(type, flags || '', width, precision, values[next++]);
		});
	};
})();
