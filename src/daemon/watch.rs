//! The watchdog of each link that is up: its rounds of probes, as tasks, and what follows.
//!
//! Contract: whether to probe, and what the answers mean, is `watchdog`'s; here probes are sent
//! from the link's own device and address, counters are read, and a change of health is told.
//! A link has a watch while netifd has its bearer, and none in between.
//!
//! Why [`Prober`]? A simulated world has no network behind its modems; there a test answers.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, Instant as Clock};

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::{Daemon, Letter, OBJECT};
use crate::config;
use crate::fault::Health;
use crate::few::Listed;
use crate::json::ToJson;
use crate::link;
use crate::linux::netdev;
use crate::linux::ping::{self, Answer, Failure, Source};
use crate::queue::{Promise, Sender, promise};
use crate::status::WatchdogEvent;
use crate::target::Target;
use crate::task::timeout;
use crate::watchdog::{Action, Counters, Event, Outcome, Settings, Watchdog};
use crate::words::{Addressing, Bearer};

/// What else is asked where the configuration names nothing.
const ELSEWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
];
/// Of the network's own name servers.
const MOST_SERVERS: usize = 2;

pub type Told = Result<Answer, Failure>;

/// Who probes.
#[derive(Clone)]
pub enum Prober {
    Network,
    /// Somebody who answers in its place.
    Scripted(Sender<Asked>),
}

/// A probe that somebody else is to answer. Dropped, it counts as not answered.
pub struct Asked {
    pub target: Target,
    pub source: Source,
    pub answer: Promise<Told>,
}

static START: OnceLock<Instant> = OnceLock::new();

/// To be called right before the runtime is made.
pub(super) fn mark_start() {
    let _ = START.set(Instant::now());
}

/// A moment of these for which the runtime wakes up once, if there is one.
///
/// tokio's timer wheel has slots of 1, 64, 4096 and 262144 ms: a timer of a minute is moved from
/// one to the next finer, and each move is a wake-up, unless it ends where a coarse slot begins.
/// So that is taken which is the multiple of the highest power of two.
pub(super) fn in_one_wake_up(first: Instant, last: Instant) -> Instant {
    let Some(start) = START.get() else { return first };
    let millis = |moment: Instant| u64::try_from(moment.saturating_duration_since(*start).as_millis());
    let (Ok(from), Ok(to)) = (millis(first), millis(last)) else { return first };
    // Half a millisecond less: it is rounded up, from a start that was a little later.
    (*start + Duration::from_millis(roundest(from, to)) - Duration::from_micros(500)).max(first)
}

/// Of the numbers after the first, up to the second, the one with most zeros at its end.
fn roundest(after: u64, to: u64) -> u64 {
    // They share the bits above the highest one in which the two ends differ.
    (after ^ to).checked_ilog2().map_or(to, |highest| to >> highest << highest)
}

impl Prober {
    pub async fn ask(&self, target: &Target, from: &Source, limit: Duration) -> Told {
        match self {
            Prober::Network => ping::ask(target, from, limit).await,
            Prober::Scripted(asked) => {
                let (answer, told) = promise();
                let question = Asked { target: target.clone(), source: from.clone(), answer };
                if asked.send(question).is_err() {
                    return Err(Failure::NoDevice);
                }
                let told = timeout(limit, async {
                    match told.await {
                        Some(told) => told,
                        None => std::future::pending().await,
                    }
                });
                told.await.unwrap_or(Err(Failure::Timeout))
            }
        }
    }

    /// All at once.
    pub async fn ask_all(&self, targets: Vec<Target>, from: Source, limit: Duration) -> Vec<(usize, Told)> {
        let ask = |target| Box::pin(self.ask(target, &from, limit));
        let mut asking: Vec<_> = targets.iter().map(ask).map(Some).listed();
        let mut told: Vec<Option<Told>> = targets.iter().map(|_| None).listed();
        poll_fn(|context| {
            for (asking, told) in asking.iter_mut().zip(&mut told) {
                let Some(running) = asking else { continue };
                if let Poll::Ready(answer) = running.as_mut().poll(context) {
                    (*asking, *told) = (None, Some(answer));
                }
            }
            if asking.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        told.into_iter().flatten().enumerate().listed()
    }
}

/// The watch of one link.
pub struct Watch {
    pub dog: Watchdog,
    pub source: Source,
    /// Of the last round, by the index of the target.
    pub last: Vec<(usize, Told)>,
    /// When the first of the failed rounds began, and the counters then.
    pub trouble: Option<(Clock, Counters)>,
    asked: (Clock, Counters),
    serial: u32,
    task: Option<AbortHandle>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Watch {
    fn new(options: &config::Watchdog, bearer: &Bearer, serial: u32) -> Watch {
        let now = Instant::now().into_std();
        let settings = Settings {
            interval: options.interval,
            timeout: options.timeout,
            failures: options.failures,
            quorum: options.quorum,
        };
        Watch {
            dog: Watchdog::new(now, settings, targets(options, bearer)),
            source: source(bearer),
            last: Vec::new(),
            trouble: None,
            asked: (now, Counters::default()),
            serial,
            task: None,
        }
    }

    fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// What the last round says of each target.
    pub fn answers(&self) -> impl Iterator<Item = (&Target, &Told)> {
        self.last.iter().filter_map(|(index, told)| Some((self.dog.targets().get(*index)?, told)))
    }
}

/// The end of a round.
pub struct Round {
    interface: String,
    serial: u32,
    round: u32,
    told: Vec<(usize, Told)>,
}

/// Those of the configuration, else the network's name servers and two that everybody reaches.
fn targets(options: &config::Watchdog, bearer: &Bearer) -> Vec<Target> {
    if !options.targets.is_empty() {
        return options.targets.iter().filter_map(|text| Target::read(text).ok()).listed();
    }
    let mut targets: Vec<Target> = Vec::new();
    let servers = bearer.dns().take(MOST_SERVERS).map(Target::Icmp);
    for target in servers.chain(elsewhere()) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    targets
}

pub fn elsewhere() -> impl Iterator<Item = Target> {
    ELSEWHERE.into_iter().map(Target::Icmp)
}

fn source(bearer: &Bearer) -> Source {
    fn first<A: Copy>(family: &Addressing<A>, any: A) -> Option<A> {
        match family {
            Addressing::Absent => None,
            Addressing::Static(family) => family.addresses.first().map(|(address, _)| *address),
            Addressing::Dynamic => Some(any),
        }
    }
    let mut dns: Vec<IpAddr> = bearer.dns().listed();
    if dns.is_empty() {
        // What DHCP tells is netifd's; these answer for names, too.
        dns.extend(ELSEWHERE);
    }
    Source {
        netdev: bearer.netdev.clone(),
        v4: first(&bearer.ipv4, Ipv4Addr::UNSPECIFIED),
        v6: first(&bearer.ipv6, Ipv6Addr::UNSPECIFIED),
        fwmark: None,
        dns,
    }
}

pub fn outcome(told: &Told) -> Outcome {
    match told {
        Ok(answer) => Outcome::Answered(answer.rtt),
        Err(failure) if failure.proves_traffic() => Outcome::Refused,
        Err(failure) if failure.is_local() => Outcome::Unsent,
        Err(_) => Outcome::Silent,
    }
}

impl Daemon {
    /// After every event of a link: a watch for the bearer that netifd has, and for no other.
    pub(super) fn follow(&mut self, name: &str) {
        let Some(interface) = self.interfaces.get_mut(name) else { return };
        let options = interface.config.as_ref().map(|config| &config.watchdog).filter(|dog| dog.enabled);
        let (Some(bearer), Some(options)) = (interface.link.bearer(), options) else {
            if let Some(mut watch) = interface.watch.take() {
                watch.stop();
                let actions = watch.dog.handle(Instant::now().into_std(), Event::Down);
                self.mind(name, actions);
            }
            return;
        };
        let fits = |watch: &Watch| {
            watch.source.netdev == bearer.netdev
                && watch.dog.targets() == targets(options, bearer)
                && watch.dog.settings().interval == options.interval
        };
        if !interface.watch.as_ref().is_some_and(fits) {
            self.watches = self.watches.wrapping_add(1);
            interface.watch = Some(Watch::new(options, bearer, self.watches));
        }
        let now = Instant::now().into_std();
        let from = source(bearer);
        let (v4, v6) = (from.v4.is_some(), from.v6.is_some());
        let actions = interface.watch.as_mut().map(|watch| {
            watch.source = Source { fwmark: watch.source.fwmark, ..from };
            watch.dog.handle(now, Event::Up { v4, v6 })
        });
        self.mind(name, actions.unwrap_or_default());
    }

    /// The deadline of a watch passed.
    pub(super) fn tick_watch(&mut self, name: &str) {
        let counters = self.counters(name);
        let Some(watch) = self.interfaces.get_mut(name).and_then(|i| i.watch.as_mut()) else { return };
        let actions = watch.dog.handle(Instant::now().into_std(), Event::Tick(counters));
        self.mind(name, actions);
    }

    pub(super) fn on_round(&mut self, round: Round) {
        let counters = self.counters(&round.interface);
        let Some(watch) = self.interfaces.get_mut(&round.interface).and_then(|i| i.watch.as_mut()) else {
            return;
        };
        if watch.serial != round.serial {
            return;
        }
        watch.task = None;
        let outcomes = round.told.iter().map(|(index, told)| (*index, outcome(told))).listed();
        watch.last = round.told;
        let event = Event::Round { round: round.round, outcomes, counters };
        let actions = watch.dog.handle(Instant::now().into_std(), event);
        self.record_round(&round.interface);
        self.mind(&round.interface, actions);
    }

    /// A rung was carried out without taking the link down: probe at once.
    pub(super) fn prove(&mut self, name: &str) {
        let Some(watch) = self.interfaces.get_mut(name).and_then(|i| i.watch.as_mut()) else { return };
        watch.stop();
        let actions = watch.dog.handle(Instant::now().into_std(), Event::Prove);
        self.mind(name, actions);
    }

    fn mind(&mut self, name: &str, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Probe { round, targets, timeout } => self.probe(name, round, &targets, timeout),
                Action::Health { old, new } => self.on_health(name, old, new),
                Action::Unproven => self.unproven(name),
            }
        }
    }

    fn probe(&mut self, name: &str, round: u32, which: &[usize], limit: Duration) {
        let counters = self.counters(name);
        let (letters, prober) = (self.letters.clone(), self.prober.clone());
        let Some(watch) = self.interfaces.get_mut(name).and_then(|i| i.watch.as_mut()) else { return };
        watch.stop();
        watch.source.fwmark = self.mwan3.mark();
        watch.asked = (Instant::now().into_std(), counters);
        let targets = which.iter().filter_map(|index| watch.dog.targets().get(*index).cloned()).listed();
        let (from, serial, which) = (watch.source.clone(), watch.serial, which.to_vec());
        let interface = name.to_string();
        let task = crate::task::spawn(async move {
            let told = prober.ask_all(targets, from, limit).await;
            let told = which.into_iter().zip(told).map(|(index, (_, told))| (index, told)).listed();
            let _ = letters.send(Letter::Round(Round { interface, serial, round, told }));
        });
        watch.task = Some(task.abort_handle());
    }

    fn on_health(&mut self, name: &str, old: Health, new: Health) {
        if let Some(watch) = self.interfaces.get_mut(name).and_then(|i| i.watch.as_mut()) {
            match new {
                Health::Healthy | Health::Off => watch.trouble = None,
                Health::Suspect | Health::Stalled => {
                    watch.trouble.get_or_insert(watch.asked);
                }
            }
        }
        log::debug!("{name}: traffic: {old} -> {new}");
        if new != Health::Off {
            self.handle(name, link::Event::Health(new));
        }
        match new {
            Health::Off => {}
            Health::Healthy => self.proved(name),
            Health::Suspect | Health::Stalled => self.look(name, new),
        }
        self.tell_health(name, old, new);
    }

    fn tell_health(&self, name: &str, old: Health, new: Health) {
        let Some(interface) = self.interfaces.get(name) else { return };
        let diagnosis = interface.recovery.diagnosis.as_ref().filter(|_| new != Health::Healthy);
        let event = WatchdogEvent {
            interface: name.to_string(),
            old,
            new,
            fault: diagnosis.map(|diagnosis| diagnosis.fault),
            rung: interface.link.rung(),
            why: diagnosis.and_then(|diagnosis| diagnosis.evidence.first().cloned()),
        }
        .to_json();
        self.client.send_event("uwand.watchdog", &event);
        self.client.notify(OBJECT, "watchdog", &event);
    }

    /// Packets of the device under the bearer; zeros where nobody counts.
    pub(super) fn counters(&self, name: &str) -> Counters {
        self.traffic(name).map_or(Counters::default(), |c| Counters { rx: c.rx_packets, tx: c.tx_packets })
    }

    pub(super) fn traffic(&self, name: &str) -> Option<netdev::Counters> {
        let watch = self.interfaces.get(name)?.watch.as_ref()?;
        netdev::Counters::read(&self.sysfs, &watch.source.netdev).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::roundest;

    #[test]
    fn the_roundest_moment_of_a_window_is_a_multiple_of_the_highest_power_of_two() {
        for (after, to, roundest_of_them) in [
            (30_000, 96_000, 65_536),
            (65_600, 131_500, 131_072),
            (196_700, 262_200, 262_144),
            (4096, 10_000, 8192),
        ] {
            assert_eq!(roundest(after, to), roundest_of_them);
        }
        assert_eq!(roundest(7, 7), 7);
    }
}
