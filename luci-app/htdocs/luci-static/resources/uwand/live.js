'use strict';
'require baseclass';
'require poll';
'require uwand.bus as bus';

/*
 * Polling that is cheap for the router: one request that is always made and one of the others
 * in turn, never more than two a round, none while nobody sees the page, and a page that comes
 * back into view is up to date at once. Failures are values (by the name of the request), so
 * that one method's refusal does not take the page away.
 */

const SECONDS = 5;

function ask(method, args) {
	return bus.call(method, args).then(
		function(data) { return { data: data } },
		function(error) { return { error: error } });
}

/* What a round asks for: the first of the plan, and one of the others in turn. */
function turn(plan, round) {
	const others = plan.slice(1);

	return others.length ? [ plan[0], others[round % others.length] ] : [ plan[0] ];
}

/*
 * plan: function() -> [[name, method, args], …]; it is asked each round, because a page's
 * selection may change. show: function(results), with the newest known answer of each name.
 */
function start(plan, show) {
	const known = {};
	let round = 0, busy = null;

	function keep(steps) {
		return Promise.all(steps.map(function(step) {
			return ask(step[1], step[2]).then(function(result) { known[step[0]] = result });
		})).then(function() { show(known) });
	}

	function run() {
		if (document.hidden || busy)
			return busy || Promise.resolve();

		busy = keep(turn(plan(), round++)).finally(function() { busy = null });

		return busy;
	}

	/* All of the plan, for the first sight and after a change of what is shown: in pairs, too. */
	function all() {
		const steps = plan();
		let done = Promise.resolve();

		for (let i = 0; i < steps.length; i += 2)
			done = done.then(keep.bind(null, steps.slice(i, i + 2)));

		return done;
	}

	document.addEventListener('visibilitychange', run);
	poll.add(run, SECONDS);

	return { refresh: all, run: run };
}

return baseclass.extend({
	SECONDS: SECONDS,
	ask: ask,
	turn: turn,
	start: start
});
