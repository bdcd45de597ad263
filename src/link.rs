//! PURE. One link: what netifd wants, what the modem says, and what to do now.
//!
//! Contract: [`Link::handle`] is the only writer of a link's state; it takes the time as
//! an argument and answers with actions, in the order in which they are to be carried
//! out. [`Link::deadline`] tells when to call it with [`Event::Tick`]. No I/O, no clock.
//!
//! A wish to be up is lost only by [`Event::Unwanted`] and by an unusable configuration:
//! everything else is tried again, at the latest when the back-off ends and at once when
//! the modem tells that something improved. What only a person can mend has no back-off.
//!
//! Why not a retry inside the connect procedure? Then a deaf modem, a vanished modem and
//! a denied registration would each need their own loop; here there is one.

use std::time::{Duration, Instant};

use crate::cause::Cause;
use crate::words::{Bearer, LinkState};

/// First wait after a failure; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait between tries. The network answers a registration in seconds; a minute
/// keeps a router that lost its cell from loading it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Up for this long: the back-off starts from its beginning again.
const STEADY: Duration = Duration::from_secs(30);

/// What happened to a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// netifd wants it. `changed`: not what was wanted until now, so dial anew.
    Wanted { changed: bool, delay: Duration },
    /// netifd does not want it any more.
    Unwanted,
    /// The configuration cannot be used.
    Rejected(Cause),
    /// The modem that the configuration names is there (again).
    ModemCame,
    /// The modem is not there (any more).
    ModemWent(Cause),
    /// The job `Connect` ended well.
    Connected(Bearer),
    /// The job `Connect` ended badly.
    Failed(Cause),
    /// The network changed addresses, DNS or MTU of the bearer.
    Changed(Bearer),
    /// The network or the modem ended the bearer.
    Lost(Cause),
    /// The modem tells that what held it up is gone: SIM in, radio on, registered.
    Improved,
    /// A person asks for a new connection.
    Reconnect,
    /// netifd was restarted and knows nothing of the link.
    NetifdCame,
    /// The deadline passed.
    Tick,
}

/// What to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start the connect job; it ends in `Connected` or `Failed`. Aborts a running one.
    Connect,
    /// Abort the connect job and deactivate the bearer, if there is one.
    Disconnect,
    /// Tell netifd the bearer: up, or changed in place.
    LinkUp(Bearer),
    /// Tell netifd that the link is lost for now.
    LinkDown,
    /// Tell netifd why the link is not up.
    Error(Cause),
    /// Tell netifd not to restart the interface by itself.
    BlockRestart,
    /// Tell netifd that this setup is over: it tears down.
    SetupFailed,
    /// Undo `BlockRestart`: what a person had to mend was mended.
    Unblock,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Down,
    /// Until the deadline, or until the modem comes or improves.
    Waiting {
        cause: Option<Cause>,
        until: Option<Instant>,
    },
    Connecting,
    Up(Bearer),
    Blocked {
        cause: Cause,
        wanted: bool,
    },
}

/// One link.
#[derive(Debug)]
pub struct Link {
    state: State,
    since: Instant,
    /// Failed tries since the last steady connection.
    failures: u32,
    /// The cause that netifd was told last, so that it is told once.
    told: Option<Cause>,
    /// netifd was told not to restart the interface.
    blocked: bool,
    /// Spread of the back-off in 1/256 of the wait: differs from router to router.
    jitter: u8,
}

impl Link {
    pub fn new(now: Instant, jitter: u8) -> Link {
        Link { state: State::Down, since: now, failures: 0, told: None, blocked: false, jitter }
    }

    pub fn state(&self) -> LinkState {
        match self.state {
            State::Down => LinkState::Down,
            State::Waiting { .. } => LinkState::Waiting,
            State::Connecting => LinkState::Connecting,
            State::Up(_) => LinkState::Up,
            State::Blocked { .. } => LinkState::Blocked,
        }
    }

    /// When this state began.
    pub fn since(&self) -> Instant {
        self.since
    }

    pub fn bearer(&self) -> Option<&Bearer> {
        match &self.state {
            State::Up(bearer) => Some(bearer),
            State::Down | State::Waiting { .. } | State::Connecting | State::Blocked { .. } => None,
        }
    }

    /// Why it is not up, as far as known; while connecting, why the try before failed.
    pub fn cause(&self) -> Option<&Cause> {
        match &self.state {
            State::Down | State::Up(_) => None,
            State::Waiting { cause, .. } => cause.as_ref(),
            State::Connecting => self.told.as_ref(),
            State::Blocked { cause, .. } => Some(cause),
        }
    }

    pub fn wanted(&self) -> bool {
        match &self.state {
            State::Down => false,
            State::Blocked { wanted, .. } => *wanted,
            State::Waiting { .. } | State::Connecting | State::Up(_) => true,
        }
    }

    /// When to call `handle` with `Tick`.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until, .. } => until,
            State::Down | State::Connecting | State::Up(_) | State::Blocked { .. } => None,
        }
    }

    pub fn handle(&mut self, now: Instant, event: Event) -> Vec<Action> {
        match event {
            Event::Wanted { changed, delay } => self.on_wanted(now, changed, delay),
            Event::Unwanted => self.on_unwanted(now),
            Event::Rejected(cause) => {
                let mut actions = if self.wanted() { vec![Action::Disconnect] } else { Vec::new() };
                actions.extend(self.block(now, cause));
                actions
            }
            Event::ModemCame | Event::Improved => self.on_hope(now),
            Event::ModemWent(cause) => self.on_loss(now, cause, None),
            Event::Connected(bearer) => self.on_connected(now, bearer),
            Event::Failed(cause) => self.on_failed(now, cause),
            Event::Changed(bearer) => self.on_changed(bearer),
            Event::Lost(cause) => self.on_lost(now, cause),
            Event::Reconnect => self.on_reconnect(now),
            Event::NetifdCame => self.bearer().cloned().map(Action::LinkUp).into_iter().collect(),
            Event::Tick => self.on_tick(now),
        }
    }

    fn on_wanted(&mut self, now: Instant, changed: bool, delay: Duration) -> Vec<Action> {
        match &self.state {
            State::Up(bearer) if !changed => vec![Action::LinkUp(bearer.clone())],
            State::Connecting if !changed => Vec::new(),
            State::Waiting { cause: None, .. } if !changed => Vec::new(),
            State::Up(_) | State::Connecting => {
                let mut actions = vec![Action::Disconnect];
                actions.extend(self.fresh(now));
                actions
            }
            State::Down if !delay.is_zero() => {
                self.enter(now, State::Waiting { cause: None, until: Some(now + delay) });
                Vec::new()
            }
            State::Down | State::Waiting { .. } | State::Blocked { .. } => self.fresh(now),
        }
    }

    /// A try that a person asked for: nothing is held against it.
    fn fresh(&mut self, now: Instant) -> Vec<Action> {
        self.failures = 0;
        self.told = None;
        self.blocked = false;
        self.connect(now)
    }

    fn connect(&mut self, now: Instant) -> Vec<Action> {
        self.enter(now, State::Connecting);
        vec![Action::Connect]
    }

    fn on_unwanted(&mut self, now: Instant) -> Vec<Action> {
        let disconnect = self.wanted();
        self.told = None;
        self.blocked = false;
        self.enter(now, State::Down);
        if disconnect { vec![Action::Disconnect] } else { Vec::new() }
    }

    fn on_hope(&mut self, now: Instant) -> Vec<Action> {
        match &self.state {
            // A configured delay is kept: the user knows a modem that needs it.
            State::Waiting { cause: Some(_), .. } | State::Blocked { wanted: true, .. } => self.connect(now),
            State::Waiting { cause: None, .. }
            | State::Down
            | State::Connecting
            | State::Up(_)
            | State::Blocked { wanted: false, .. } => Vec::new(),
        }
    }

    fn on_connected(&mut self, now: Instant, bearer: Bearer) -> Vec<Action> {
        if self.state != State::Connecting {
            return Vec::new();
        }
        let mut actions = vec![Action::LinkUp(bearer.clone())];
        if std::mem::take(&mut self.blocked) {
            actions.push(Action::Unblock);
        }
        self.told = None;
        self.enter(now, State::Up(bearer));
        actions
    }

    fn on_failed(&mut self, now: Instant, cause: Cause) -> Vec<Action> {
        if self.state != State::Connecting {
            return Vec::new();
        }
        if cause.permanent() {
            return self.block(now, cause);
        }
        let wait = self.back_off();
        self.wait(now, cause, Some(now + wait))
    }

    fn on_changed(&mut self, changed: Bearer) -> Vec<Action> {
        match &mut self.state {
            State::Up(bearer) if *bearer != changed => {
                *bearer = changed.clone();
                vec![Action::LinkUp(changed)]
            }
            State::Up(_)
            | State::Down
            | State::Waiting { .. }
            | State::Connecting
            | State::Blocked { .. } => Vec::new(),
        }
    }

    /// The bearer is gone: dial at once, unless it keeps going.
    fn on_lost(&mut self, now: Instant, cause: Cause) -> Vec<Action> {
        let State::Up(_) = self.state else { return Vec::new() };
        let mut actions = vec![Action::LinkDown];
        if now.duration_since(self.since) >= STEADY {
            self.failures = 0;
        }
        if self.failures == 0 {
            self.failures = 1;
            actions.extend(self.connect(now));
        } else {
            let until = now + self.back_off();
            actions.extend(self.wait(now, cause, Some(until)));
        }
        actions
    }

    /// Without its modem a link waits, without a deadline: the modem's return is an event.
    fn on_loss(&mut self, now: Instant, cause: Cause, until: Option<Instant>) -> Vec<Action> {
        let mut actions = match self.state {
            State::Up(_) => vec![Action::LinkDown, Action::Disconnect],
            State::Connecting => vec![Action::Disconnect],
            State::Waiting { cause: None, .. } | State::Down | State::Blocked { wanted: false, .. } => {
                return Vec::new();
            }
            State::Waiting { .. } | State::Blocked { .. } => Vec::new(),
        };
        self.failures = 0;
        actions.extend(self.wait(now, cause, until));
        actions
    }

    fn on_reconnect(&mut self, now: Instant) -> Vec<Action> {
        match self.state {
            State::Up(_) => {
                let mut actions = vec![Action::LinkDown, Action::Disconnect];
                actions.extend(self.fresh(now));
                actions
            }
            State::Connecting => {
                let mut actions = vec![Action::Disconnect];
                actions.extend(self.fresh(now));
                actions
            }
            State::Waiting { .. } | State::Blocked { wanted: true, .. } => self.connect(now),
            State::Down | State::Blocked { wanted: false, .. } => Vec::new(),
        }
    }

    fn on_tick(&mut self, now: Instant) -> Vec<Action> {
        match self.deadline() {
            Some(until) if until <= now => self.connect(now),
            _ => Vec::new(),
        }
    }

    fn wait(&mut self, now: Instant, cause: Cause, until: Option<Instant>) -> Vec<Action> {
        let actions = self.tell(&cause);
        self.enter(now, State::Waiting { cause: Some(cause), until });
        actions
    }

    fn block(&mut self, now: Instant, cause: Cause) -> Vec<Action> {
        let mut actions = self.tell(&cause);
        if cause.blocks_restart() && !self.blocked {
            actions.push(Action::BlockRestart);
            self.blocked = true;
        }
        // Only here does netifd leave its setup state. In every other case it stays there, so
        // that the daemon still hears an `ifdown` and goes on by itself once a SIM is put in.
        let wanted = !matches!(cause, Cause::BadConfig { .. });
        if !wanted {
            actions.push(Action::SetupFailed);
        }
        self.enter(now, State::Blocked { cause, wanted });
        actions
    }

    fn tell(&mut self, cause: &Cause) -> Vec<Action> {
        if self.told.as_ref() == Some(cause) {
            return Vec::new();
        }
        self.told = Some(cause.clone());
        vec![Action::Error(cause.clone())]
    }

    /// 1, 2, 4 … 60 s, each up to a quarter longer by this router's jitter.
    fn back_off(&mut self) -> Duration {
        let wait = FIRST_WAIT.saturating_mul(1 << self.failures.min(6)).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        wait + wait.mul_f32(f32::from(self.jitter) / 1024.0)
    }

    fn enter(&mut self, now: Instant, state: State) {
        if std::mem::discriminant(&self.state) != std::mem::discriminant(&state) {
            self.since = now;
        }
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Reason;

    const WANTED: Event = Event::Wanted { changed: false, delay: Duration::ZERO };

    fn bearer() -> Bearer {
        Bearer { netdev: "wwan0".into(), ..Bearer::default() }
    }

    fn refused() -> Cause {
        Cause::ConnectFailed(Some(Reason::esm(27)))
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
        assert_eq!(link.handle(now, Event::Failed(Cause::NoSim)), [Action::Error(Cause::NoSim)]);
        assert_eq!((link.state(), link.deadline()), (LinkState::Blocked, None));
        assert_eq!(link.handle(now, Event::Improved), [Action::Connect]);
        assert_eq!(link.handle(now, Event::Connected(bearer())), [Action::LinkUp(bearer())]);
    }

    #[test]
    fn a_wrong_pin_blocks_the_restart_and_a_mended_one_unblocks_it() {
        let now = Instant::now();
        let mut link = Link::new(now, 0);
        link.handle(now, WANTED);
        let cause = Cause::PinFailed { tries: Some(2) };
        let actions = link.handle(now, Event::Failed(cause.clone()));
        assert_eq!(actions, [Action::Error(cause), Action::BlockRestart]);
        link.handle(now, Event::Improved);
        let actions = link.handle(now, Event::Connected(bearer()));
        assert_eq!(actions, [Action::LinkUp(bearer()), Action::Unblock]);
    }

    #[test]
    fn an_unusable_configuration_ends_the_setup_and_the_wish() {
        let now = Instant::now();
        let mut link = up(now);
        let cause = Cause::BadConfig { option: "mtu".into(), value: "9".into(), remedy: "more".into() };
        let actions = link.handle(now, Event::Rejected(cause.clone()));
        let expected = [Action::Disconnect, Action::Error(cause), Action::BlockRestart, Action::SetupFailed];
        assert_eq!(actions, expected);
        assert!(!link.wanted());
        assert_eq!(link.handle(now, Event::ModemCame), []);
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
        let gone = Cause::NoModem("1-1.2".into());
        let actions = link.handle(now, Event::ModemWent(gone.clone()));
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
}
