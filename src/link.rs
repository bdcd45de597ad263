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
//! A link that is up and in doubt is `suspect`; netifd sees nothing of it. While a rung of the
//! ladder is at work it is `recovering`: netifd was told that it is down, so that a failover
//! takes over, and why. Dialled again it is told up and stays `suspect` until a probe proves
//! it. Whether to act, and how, is not decided here: `watchdog`, `diagnose` and `ladder` do.
//!
//! Why not a retry inside the connect procedure? Then a deaf modem, a vanished modem and
//! a denied registration would each need their own loop; here there is one.

mod repair;

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::cause::{Cause, Reason, Why};
use crate::fault::{Health, Rung};
use crate::words::{Bearer, LinkState};

/// First wait after a failure; doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait between tries. The network answers a registration in seconds; a minute
/// keeps a router that lost its cell from loading it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// From the second refusal on, because the network is overloaded: between this and twice as long. Ten
/// thousand routers that begin with seconds would keep it down.
const CROWDED: Duration = Duration::from_secs(15);
/// So many refusals are answered at once when the modem's state improves; then no more.
const PATIENCE: u32 = 3;
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
    Rejected(Why),
    /// The modem that the configuration names is there (again).
    ModemCame,
    /// The modem is not there (any more). `again`: when to look by ourselves, where nobody
    /// tells that it came back.
    ModemWent { cause: Why, again: Option<Duration> },
    /// The job `Connect` ended well.
    Connected(Rc<Bearer>),
    /// The job `Connect` found the bearer active, since then.
    Adopted { bearer: Rc<Bearer>, since: Instant },
    /// The job `Connect` ended badly.
    Failed(Why),
    /// The network changed addresses, DNS or MTU of the bearer.
    Changed(Rc<Bearer>),
    /// The network or the modem ended the bearer.
    Lost(Why),
    /// The modem tells that what held it up is gone: SIM in, radio on, registered.
    Improved,
    /// A person asks for a new connection.
    Reconnect,
    /// What the probes say of the bearer.
    Health(Health),
    /// This rung is to be tried, for this cause.
    Repair { rung: Rung, cause: Why },
    /// The job `Repair` ended well: dial.
    Repaired,
    /// The deadline passed.
    Tick,
}

/// What to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Start the connect job; it ends in `Connected` or `Failed`. Aborts a running one.
    Connect,
    /// Start this rung as the link's job; it ends in `Repaired` or `Failed`, that of `Renew` in
    /// `Changed` or `Lost`. Aborts a running one.
    Repair(Rung),
    /// Abort the connect job and deactivate the bearer, if there is one.
    Disconnect,
    /// Tell netifd the bearer: up, or changed in place.
    LinkUp(Rc<Bearer>),
    /// Tell netifd that the link is lost for now.
    LinkDown,
    /// Tell netifd why the link is not up.
    Error(Why),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Down,
    /// Until the deadline, or until the modem comes or improves.
    Waiting {
        cause: Option<Why>,
        until: Option<Instant>,
    },
    Connecting,
    Up(Rc<Bearer>),
    /// Up, and nothing proves at present that packets pass.
    Suspect(Rc<Bearer>),
    /// Told down, for this cause.
    Recovering {
        cause: Why,
        step: Step,
    },
    Blocked {
        cause: Why,
        wanted: bool,
    },
}

/// How far a recovery is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The rung's job runs.
    Rung(Rung),
    /// The rung was tried; the connect job runs.
    Dial(Rung),
}

/// One link.
#[derive(Debug)]
pub struct Link {
    state: State,
    since: Instant,
    /// Failed tries since the last steady connection.
    failures: u32,
    /// The cause that netifd was told last, so that it is told once.
    told: Option<Why>,
    /// Spread of the back-off in 1/256 of the wait: differs from router to router.
    jitter: u8,
}

impl Link {
    pub fn new(now: Instant, jitter: u8) -> Link {
        Link { state: State::Down, since: now, failures: 0, told: None, jitter }
    }

    pub fn state(&self) -> LinkState {
        match self.state {
            State::Down => LinkState::Down,
            State::Waiting { .. } => LinkState::Waiting,
            State::Connecting => LinkState::Connecting,
            State::Up(_) => LinkState::Up,
            State::Suspect(_) => LinkState::Suspect,
            State::Recovering { .. } => LinkState::Recovering,
            State::Blocked { .. } => LinkState::Blocked,
        }
    }

    /// When this state began.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// The bearer that netifd was told.
    pub fn bearer(&self) -> Option<&Bearer> {
        match &self.state {
            State::Up(bearer) | State::Suspect(bearer) => Some(bearer),
            _ => None,
        }
    }

    /// The rung that is being tried.
    pub fn rung(&self) -> Option<Rung> {
        match &self.state {
            State::Recovering { step: Step::Rung(rung) | Step::Dial(rung), .. } => Some(*rung),
            _ => None,
        }
    }

    /// Why it is not up, as far as known; while connecting, why the try before failed.
    pub fn cause(&self) -> Option<&Cause> {
        match &self.state {
            State::Down | State::Up(_) | State::Suspect(_) => None,
            State::Waiting { cause, .. } => cause.as_deref(),
            State::Connecting => self.told.as_deref(),
            State::Recovering { cause, .. } | State::Blocked { cause, .. } => Some(cause),
        }
    }

    pub fn wanted(&self) -> bool {
        match &self.state {
            State::Down => false,
            State::Blocked { wanted, .. } => *wanted,
            _ => true,
        }
    }

    /// When to call `handle` with `Tick`.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until, .. } => until,
            _ => None,
        }
    }

    pub fn handle(&mut self, now: Instant, event: Event) -> Vec<Action> {
        match event {
            Event::Wanted { changed, delay } => self.on_wanted(now, changed, delay),
            Event::Unwanted => self.on_unwanted(now),
            Event::Rejected(cause) => {
                let mut actions = match self.state {
                    State::Up(_) | State::Suspect(_) => vec![Action::LinkDown, Action::Disconnect],
                    _ if self.wanted() => vec![Action::Disconnect],
                    _ => Vec::new(),
                };
                // Who asks is told, even when the last one was told the same.
                self.told = None;
                actions.extend(self.block(now, cause));
                actions
            }
            Event::ModemCame => self.on_hope(now),
            Event::Improved if self.refused_often() => Vec::new(),
            Event::Improved => self.on_hope(now),
            Event::ModemWent { cause, again } => self.on_loss(now, cause, again.map(|again| now + again)),
            Event::Connected(bearer) => self.on_connected(now, bearer),
            Event::Adopted { bearer, since } => {
                let actions = self.on_connected(now, bearer);
                if !actions.is_empty() {
                    self.since = since;
                }
                actions
            }
            Event::Failed(cause) => self.on_failed(now, cause),
            Event::Changed(bearer) => self.on_changed(bearer),
            Event::Lost(cause) => self.on_lost(now, cause),
            Event::Reconnect => self.on_reconnect(now),
            Event::Health(health) => self.on_health(now, health),
            Event::Repair { rung, cause } => self.on_repair(now, rung, cause),
            Event::Repaired => self.on_repaired(),
            Event::Tick => self.on_tick(now),
        }
    }

    fn on_wanted(&mut self, now: Instant, changed: bool, delay: Duration) -> Vec<Action> {
        match &self.state {
            State::Up(bearer) | State::Suspect(bearer) if !changed => vec![Action::LinkUp(bearer.clone())],
            State::Connecting if !changed => Vec::new(),
            State::Recovering { cause, .. } if !changed => vec![Action::Error(cause.clone())],
            State::Waiting { cause: None, .. } if !changed => Vec::new(),
            State::Up(_) | State::Suspect(_) | State::Connecting | State::Recovering { .. } => {
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
        self.connect(now)
    }

    fn connect(&mut self, now: Instant) -> Vec<Action> {
        self.enter(now, State::Connecting);
        vec![Action::Connect]
    }

    fn on_unwanted(&mut self, now: Instant) -> Vec<Action> {
        let disconnect = self.wanted();
        self.told = None;
        self.enter(now, State::Down);
        if disconnect { vec![Action::Disconnect] } else { Vec::new() }
    }

    /// A network that refuses again and again, and lets the modem attach anew in between, must
    /// not set the pace: then only the back-off counts.
    fn refused_often(&self) -> bool {
        let refused = matches!(self.cause(), Some(Cause::ConnectFailed(_) | Cause::AttachFailed(_)));
        refused && self.failures >= PATIENCE
    }

    fn on_hope(&mut self, now: Instant) -> Vec<Action> {
        match &self.state {
            // A configured delay is kept: the user knows a modem that needs it.
            State::Waiting { cause: Some(_), .. } | State::Blocked { wanted: true, .. } => self.connect(now),
            _ => Vec::new(),
        }
    }

    fn on_connected(&mut self, now: Instant, bearer: Rc<Bearer>) -> Vec<Action> {
        let state = match self.state {
            State::Connecting => State::Up(bearer.clone()),
            // A connection that was had before proves nothing.
            State::Recovering { step: Step::Dial(_), .. } => State::Suspect(bearer.clone()),
            _ => return Vec::new(),
        };
        self.told = None;
        self.enter(now, state);
        vec![Action::LinkUp(bearer)]
    }

    fn on_failed(&mut self, now: Instant, cause: Why) -> Vec<Action> {
        match self.state {
            State::Connecting | State::Recovering { .. } => {}
            _ => return Vec::new(),
        }
        if cause.permanent() {
            return self.block(now, cause);
        }
        let crowded = self.failures >= 1 && cause.reason().is_some_and(Reason::is_overload);
        let least = if crowded { CROWDED + CROWDED * u32::from(self.jitter) / 256 } else { Duration::ZERO };
        let wait = self.back_off().max(least);
        self.wait(now, cause, Some(now + wait))
    }

    fn on_changed(&mut self, changed: Rc<Bearer>) -> Vec<Action> {
        match &mut self.state {
            State::Up(bearer) | State::Suspect(bearer) if *bearer != changed => {
                *bearer = changed.clone();
                vec![Action::LinkUp(changed)]
            }
            _ => Vec::new(),
        }
    }

    /// The bearer is gone: dial at once, unless it keeps going.
    fn on_lost(&mut self, now: Instant, cause: Why) -> Vec<Action> {
        if !matches!(self.state, State::Up(_) | State::Suspect(_)) {
            return Vec::new();
        }
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

    /// Without its modem a link waits; the modem's return is an event.
    fn on_loss(&mut self, now: Instant, cause: Why, until: Option<Instant>) -> Vec<Action> {
        let mut actions = match self.state {
            State::Up(_) | State::Suspect(_) => vec![Action::LinkDown, Action::Disconnect],
            // It was sent away, and its job waits for it.
            State::Recovering { step: Step::Rung(rung), .. } if rung >= Rung::Reset => return Vec::new(),
            State::Connecting | State::Recovering { .. } => vec![Action::Disconnect],
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
            State::Up(_) | State::Suspect(_) => {
                let mut actions = vec![Action::LinkDown, Action::Disconnect];
                actions.extend(self.fresh(now));
                actions
            }
            State::Connecting | State::Recovering { .. } => {
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

    fn wait(&mut self, now: Instant, cause: Why, until: Option<Instant>) -> Vec<Action> {
        let actions = self.tell(&cause);
        self.enter(now, State::Waiting { cause: Some(cause), until });
        actions
    }

    /// netifd stays in its setup state with the error shown, so that the daemon still hears an
    /// `ifdown` and goes on by itself once a SIM is put in.
    ///
    /// Why not "block restart" and "setup failed"? netifd would then leave the interface down
    /// when the user has mended the option or the PIN and reloads the network; it starts
    /// nothing again by itself while it is in setup.
    fn block(&mut self, now: Instant, cause: Why) -> Vec<Action> {
        let actions = self.tell(&cause);
        let wanted = !matches!(*cause, Cause::BadConfig { .. });
        self.enter(now, State::Blocked { cause, wanted });
        actions
    }

    fn tell(&mut self, cause: &Why) -> Vec<Action> {
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
#[path = "link_tests.rs"]
mod tests;
