//! One link, event by event.

use super::*;

const WANTED: Event = Event::Wanted { changed: false, delay: Duration::ZERO };

fn bearer() -> Rc<Bearer> {
    Rc::new(Bearer { netdev: "wwan0".into(), ..Bearer::default() })
}

fn refused() -> Why {
    Cause::ConnectFailed(Some(Reason::esm(27))).into()
}

/// A link that is up since `now`.
fn up(now: Instant) -> Link {
    let mut link = Link::new(now, 0);
    assert_eq!(link.handle(now, WANTED), [Action::Connect]);
    assert_eq!(link.handle(now, Event::Connected(bearer())), [Action::LinkUp(bearer())]);
    link
}

#[test]
fn a_failed_try_is_told_once_and_tried_again_ever_more_slowly() {
    let start = Instant::now();
    let mut link = Link::new(start, 0);
    link.handle(start, WANTED);
    assert_eq!(link.handle(start, Event::Failed(refused())), [Action::Error(refused())]);
    let mut waits = Vec::new();
    let mut now = start;
    for _ in 0..8 {
        let deadline = link.deadline().expect("it waits");
        waits.push(deadline.duration_since(now).as_secs());
        assert_eq!(link.handle(deadline - Duration::from_millis(1), Event::Tick), []);
        assert_eq!(link.handle(deadline, Event::Tick), [Action::Connect]);
        assert_eq!(link.handle(deadline, Event::Failed(refused())), []);
        now = deadline;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn a_cut_bearer_is_dialled_again_at_once_but_a_flapping_one_is_not() {
    let start = Instant::now();
    let mut link = up(start);
    let later = start + Duration::from_secs(5);
    assert_eq!(link.handle(later, Event::Lost(refused())), [Action::LinkDown, Action::Connect]);
    link.handle(later, Event::Connected(bearer()));
    let actions = link.handle(later, Event::Lost(refused()));
    assert_eq!(actions, [Action::LinkDown, Action::Error(refused())]);
    assert_eq!(link.state(), LinkState::Waiting);
    link.handle(later, Event::Improved);
    link.handle(later, Event::Connected(bearer()));
    let steady = later + Duration::from_secs(60);
    assert_eq!(link.handle(steady, Event::Lost(refused())), [Action::LinkDown, Action::Connect]);
}

#[test]
fn a_missing_sim_blocks_until_it_is_put_in() {
    let now = Instant::now();
    let mut link = Link::new(now, 0);
    link.handle(now, WANTED);
    assert_eq!(link.handle(now, Event::Failed(Cause::NoSim.into())), [Action::Error(Cause::NoSim.into())]);
    assert_eq!((link.state(), link.deadline()), (LinkState::Blocked, None));
    assert_eq!(link.handle(now, Event::Improved), [Action::Connect]);
    assert_eq!(link.handle(now, Event::Connected(bearer())), [Action::LinkUp(bearer())]);
}

#[test]
fn a_wrong_pin_blocks_until_netifd_brings_another_configuration() {
    let now = Instant::now();
    let mut link = Link::new(now, 0);
    link.handle(now, WANTED);
    let cause = Why::from(Cause::PinFailed { tries: Some(2) });
    let actions = link.handle(now, Event::Failed(cause.clone()));
    assert_eq!(actions, [Action::Error(cause)]);
    assert_eq!((link.state(), link.deadline()), (LinkState::Blocked, None));
    assert_eq!(link.handle(now, Event::Unwanted), [Action::Disconnect]);
    assert_eq!(link.handle(now, WANTED), [Action::Connect]);
}

#[test]
fn an_unusable_configuration_ends_the_wish_and_is_told_to_each_who_asks() {
    let now = Instant::now();
    let mut link = up(now);
    let cause =
        Why::from(Cause::BadConfig { option: "mtu".into(), value: "9".into(), remedy: "more".into() });
    let actions = link.handle(now, Event::Rejected(cause.clone()));
    assert_eq!(actions, [Action::LinkDown, Action::Disconnect, Action::Error(cause.clone())]);
    assert!(!link.wanted());
    assert_eq!(link.handle(now, Event::ModemCame), []);
    // A netifd that was restarted asks again.
    assert_eq!(link.handle(now, Event::Rejected(cause.clone())), [Action::Error(cause)]);
}

#[test]
fn the_same_wish_twice_sends_the_bearer_again_without_dialling() {
    let now = Instant::now();
    let mut link = up(now);
    assert_eq!(link.handle(now, WANTED), [Action::LinkUp(bearer())]);
    let changed = Event::Wanted { changed: true, delay: Duration::ZERO };
    assert_eq!(link.handle(now, changed), [Action::Disconnect, Action::Connect]);
}

#[test]
fn a_vanished_modem_is_awaited_without_a_deadline() {
    let now = Instant::now();
    let mut link = up(now);
    let gone = Why::from(Cause::NoModem("1-1.2".into()));
    let actions = link.handle(now, Event::ModemWent { cause: gone.clone(), again: None });
    assert_eq!(actions, [Action::LinkDown, Action::Disconnect, Action::Error(gone)]);
    assert_eq!(link.deadline(), None);
    assert_eq!(link.handle(now, Event::ModemCame), [Action::Connect]);
}

#[test]
fn a_result_that_comes_after_ifdown_changes_nothing() {
    let now = Instant::now();
    let mut link = Link::new(now, 0);
    link.handle(now, WANTED);
    assert_eq!(link.handle(now, Event::Unwanted), [Action::Disconnect]);
    assert_eq!(link.handle(now, Event::Connected(bearer())), []);
    assert_eq!(link.handle(now, Event::Failed(refused())), []);
    assert_eq!(link.state(), LinkState::Down);
}

#[test]
fn a_configured_delay_is_kept_even_when_the_modem_is_there() {
    let now = Instant::now();
    let mut link = Link::new(now, 0);
    let delay = Duration::from_secs(20);
    assert_eq!(link.handle(now, Event::Wanted { changed: false, delay }), []);
    assert_eq!(link.handle(now, Event::ModemCame), []);
    assert_eq!(link.handle(now + delay, Event::Tick), [Action::Connect]);
}

#[test]
fn jitter_makes_a_wait_at_most_a_quarter_longer() {
    let now = Instant::now();
    let mut link = Link::new(now, 255);
    link.handle(now, WANTED);
    link.handle(now, Event::Failed(refused()));
    let wait = link.deadline().expect("it waits").duration_since(now);
    assert!(wait > Duration::from_millis(1200) && wait < Duration::from_millis(1250), "{wait:?}");
}

#[test]
fn a_network_that_refuses_and_improves_in_turn_does_not_set_the_pace() {
    let now = Instant::now();
    let mut link = Link::new(now, 0);
    link.handle(now, WANTED);
    let mut dialled = 0;
    for _ in 0..10 {
        link.handle(now, Event::Failed(refused()));
        dialled += link.handle(now, Event::Improved).len();
    }
    assert_eq!(dialled, 2);
    let deadline = link.deadline().expect("it waits");
    assert_eq!(link.handle(deadline, Event::Tick), [Action::Connect]);
}

fn stalled() -> Event {
    Event::Repair { rung: Rung::Reconnect, cause: Cause::NoTraffic.into() }
}

#[test]
fn a_link_in_doubt_stays_up_for_netifd() {
    let now = Instant::now();
    let mut link = up(now);
    assert_eq!(link.handle(now, Event::Health(Health::Suspect)), []);
    assert_eq!((link.state(), link.bearer()), (LinkState::Suspect, Some(&*bearer())));
    assert_eq!(link.handle(now, WANTED), [Action::LinkUp(bearer())]);
    assert_eq!(link.handle(now, Event::Health(Health::Healthy)), []);
    assert_eq!(link.state(), LinkState::Up);
}

#[test]
fn a_stall_is_told_down_with_its_error_before_the_rung_begins() {
    let now = Instant::now();
    let mut link = up(now);
    let actions = link.handle(now, stalled());
    let expected =
        [Action::LinkDown, Action::Error(Cause::NoTraffic.into()), Action::Repair(Rung::Reconnect)];
    assert_eq!(actions, expected);
    assert_eq!((link.state(), link.rung()), (LinkState::Recovering, Some(Rung::Reconnect)));
    assert_eq!(link.handle(now, Event::Lost(refused())), [], "the rung itself ended the session");
    assert_eq!(link.handle(now, Event::Repaired), [Action::Connect]);
    assert_eq!(link.state(), LinkState::Recovering);
    assert_eq!(link.handle(now, Event::Connected(bearer())), [Action::LinkUp(bearer())]);
    assert_eq!(link.state(), LinkState::Suspect, "not proved yet");
    link.handle(now, Event::Health(Health::Healthy));
    assert_eq!(link.state(), LinkState::Up);
}

#[test]
fn new_settings_are_read_without_taking_the_link_down() {
    let now = Instant::now();
    let mut link = up(now);
    link.handle(now, Event::Health(Health::Suspect));
    let renew = Event::Repair { rung: Rung::Renew, cause: Cause::NoTraffic.into() };
    assert_eq!(link.handle(now, renew), [Action::Repair(Rung::Renew)]);
    let other = Rc::new(Bearer { note: Some("another".into()), ..Bearer::clone(&bearer()) });
    assert_eq!(link.handle(now, Event::Changed(other.clone())), [Action::LinkUp(other)]);
    assert_eq!(link.state(), LinkState::Suspect);
}

#[test]
fn a_modem_that_leaves_for_its_reset_is_not_lost_and_one_that_leaves_for_a_reconnect_is() {
    let now = Instant::now();
    let gone = Event::ModemWent { cause: Cause::NoModem("1-1.2".into()).into(), again: None };
    for (rung, state) in [
        (Rung::Reconnect, LinkState::Waiting),
        (Rung::Reregister, LinkState::Waiting),
        (Rung::Reset, LinkState::Recovering),
        (Rung::Power, LinkState::Recovering),
    ] {
        let mut link = up(now);
        link.handle(now, Event::Repair { rung, cause: Cause::NoTraffic.into() });
        link.handle(now, gone.clone());
        assert_eq!(link.state(), state, "{rung}");
    }
}

#[test]
fn ifdown_ends_every_rung_and_its_result_changes_nothing() {
    let now = Instant::now();
    for rung in Rung::ALL {
        let mut link = up(now);
        link.handle(now, Event::Repair { rung: *rung, cause: Cause::NoTraffic.into() });
        assert_eq!(link.handle(now, Event::Unwanted), [Action::Disconnect], "{rung}");
        assert_eq!(link.handle(now, Event::Repaired), []);
        assert_eq!(link.handle(now, Event::Failed(refused())), []);
        assert_eq!(link.handle(now, Event::Health(Health::Healthy)), []);
        assert_eq!(link.handle(now, stalled()), []);
        assert_eq!(link.state(), LinkState::Down);
    }
}

#[test]
fn a_link_without_its_modem_is_repaired_too_and_a_failed_rung_leaves_it_waiting() {
    let now = Instant::now();
    let mut link = Link::new(now, 0);
    link.handle(now, WANTED);
    link.handle(now, Event::Failed(Cause::ModemHung.into()));
    let power = Event::Repair { rung: Rung::Power, cause: Cause::ModemHung.into() };
    assert_eq!(link.handle(now, power), [Action::Repair(Rung::Power)]);
    assert_eq!(link.state(), LinkState::Recovering);
    link.handle(now, Event::Failed(Cause::NoModem("it did not come back".into()).into()));
    assert_eq!(link.state(), LinkState::Waiting);
    assert!(link.deadline().is_some());
}

#[test]
fn an_overloaded_network_is_not_asked_every_second() {
    let begin = Instant::now();
    let refused = |number| Event::Failed(Cause::ConnectFailed(Some(Reason::esm(number))).into());
    for (number, jitter, waits) in
        [(26, 0, [1, 15, 15, 15, 16]), (38, 255, [1, 29, 29, 29, 29]), (31, 0, [1, 2, 4, 8, 16])]
    {
        let mut link = Link::new(begin, jitter);
        let mut now = begin;
        link.handle(now, Event::Wanted { changed: false, delay: Duration::ZERO });
        for wait in waits {
            link.handle(now, refused(number));
            let until = link.deadline().expect("a next try");
            assert_eq!(until.duration_since(now).as_secs(), wait, "{number}");
            now = until;
            link.handle(now, Event::Tick);
        }
    }
}

#[test]
fn a_link_without_its_sim_may_have_the_modem_reset_and_nothing_else() {
    let now = Instant::now();
    for (cause, rung, done) in [
        (Cause::NoSim, Rung::Reset, true),
        (Cause::NoSim, Rung::Power, false),
        (Cause::PukRequired, Rung::Reset, false),
    ] {
        let mut link = Link::new(now, 0);
        let cause = Why::from(cause);
        link.handle(now, WANTED);
        link.handle(now, Event::Failed(cause.clone()));
        assert_eq!(link.state(), LinkState::Blocked);
        let actions = link.handle(now, Event::Repair { rung, cause });
        assert_eq!(actions.contains(&Action::Repair(rung)), done, "{actions:?}");
    }
}
