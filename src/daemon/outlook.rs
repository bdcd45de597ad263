//! What people see of watching and mending: the ubus methods `explain`, `outages`, `history`,
//! `metrics` and `reset`, and what `status` says of it.
//!
//! Contract: nothing is decided here but whether a person's reset can be done at all.

use tokio::time::Instant;

use super::Daemon;
use super::asks::{Answer, No, Reply, text};
use super::links::Interface;
use super::methods::{seconds, unknown};
use crate::cause::{Cause, Why};
use crate::explain::{self, Budget, Next, Plan};
use crate::fault::{Health, Rung};
use crate::few::Listed;
use crate::json::{Value, json};
use crate::ladder::{Ledger, Step};
use crate::link::Event;
use crate::linux::power;
use crate::metrics;
use crate::status::{Traffic, WatchdogStatus, tenths};
use crate::ubus::{Request, Status};
use crate::watchdog;
use crate::words::LinkState;

const MOST_OUTAGES: usize = 100;

impl Daemon {
    pub(super) fn on_explain(&self, request: &Request) -> Answer {
        let name = text(request, "interface").unwrap_or_default();
        let interface = self.interfaces.get(name).ok_or_else(unknown)?;
        Ok(Reply::Now(self.explanation(name, interface)))
    }

    fn explanation(&self, name: &str, interface: &Interface) -> Value {
        let now = Instant::now().into_std();
        let link = &interface.link;
        let none = Ledger::default();
        let ledger = interface.modem.as_ref().and_then(|modem| self.ledgers.get(modem)).unwrap_or(&none);
        let ladder = interface.recovery.ladder.view(now, ledger);
        let power = self.power_of(interface);
        // The ladder learns of a board without a switch only by trying.
        let powerless = power.as_ref().filter(|power| power.method == "none").map(|power| power.note.clone());
        let steps = ladder.rungs.iter().filter_map(|(rung, standing, why)| {
            let standing = explain::Standing::parse(standing.as_str())?;
            Some(match &powerless {
                Some(note) if *rung == Rung::Power && standing == explain::Standing::Ready => {
                    explain::Step { rung: *rung, standing: explain::Standing::Unfit, why: note.clone() }
                }
                _ => explain::Step { rung: *rung, standing, why: why.clone() },
            })
        });
        let free_in = ladder.free_in.map(seconds);
        explain::explain(&explain::View {
            interface: name,
            state: link.state(),
            since: seconds(now.saturating_duration_since(link.since())),
            health: interface.watch.as_ref().map_or(Health::Off, |watch| watch.dog.health()),
            cause: link.cause(),
            diagnosis: interface.recovery.diagnosis.as_ref(),
            doing: link.rung(),
            next: self.plan(interface, &ladder.next),
            ladder: steps.listed(),
            budget: Budget { limit: ladder.limit, used: ladder.used, free_in },
            power,
            remembered: ladder.remembered.or_else(|| self.records.journal.last_cure(name)),
        })
    }

    /// What comes next: a rung, the next probe, the link's own next try.
    fn plan(&self, interface: &Interface, next: &Step) -> Plan {
        let now = Instant::now().into_std();
        let until = |at: std::time::Instant| Some(seconds(at.saturating_duration_since(now)));
        let troubled = interface.recovery.diagnosis.is_some();
        match next {
            Step::Try { rung, why } if troubled => {
                return Plan { what: rung.as_str(), why: why.clone(), seconds: Some(0) };
            }
            Step::Wait { until: at, next: Some(rung), why } if troubled => {
                return Plan { what: rung.as_str(), why: why.clone(), seconds: until(*at) };
            }
            _ => {}
        }
        let why = match next {
            Step::Wait { why, .. } | Step::Nothing { why } if troubled => why.clone(),
            _ => String::new(),
        };
        if let Some(at) = interface.link.deadline() {
            return Plan { what: Next::Retry.as_str(), why, seconds: until(at) };
        }
        match interface.watch.as_ref().and_then(|watch| watch.dog.deadline()) {
            Some(at) => Plan { what: Next::Probe.as_str(), why, seconds: until(at) },
            None => Plan { what: Next::None.as_str(), why, seconds: None },
        }
    }

    fn power_of(&self, interface: &Interface) -> Option<explain::Power> {
        let slot = self.slots.get(interface.modem.as_ref()?)?;
        let option = &interface.config.as_ref()?.power;
        let none = |note: String| explain::Power { method: "none".into(), others: Vec::new(), note };
        let place = slot.place_known()?;
        Some(match power::ways(&self.sysfs, &place, option) {
            Err(why) => none(why),
            Ok(ways) => match ways.first() {
                None if option == "none" => none(String::new()),
                None => none("this board has no way to cut the modem's power".into()),
                Some(way) => explain::Power {
                    method: way.method.as_str().into(),
                    others: way.others.clone(),
                    note: way.to_string(),
                },
            },
        })
    }

    pub(super) fn on_outages(&self, request: &Request) -> Answer {
        let limit = request.args.get("limit").and_then(Value::as_u64);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MOST_OUTAGES);
        let reply = self.records.journal.reply(
            self.records.now(),
            text(request, "interface"),
            limit.min(MOST_OUTAGES),
        );
        Ok(Reply::Now(reply))
    }

    pub(super) fn on_history(&self, request: &Request) -> Answer {
        let back = request.args.get("seconds").and_then(Value::as_u64);
        let back = back.and_then(|seconds| u32::try_from(seconds).ok());
        let (interface, modem) = (text(request, "interface"), text(request, "modem"));
        let reply = self.records.history.reply(self.records.seconds(), interface, modem, back);
        Ok(Reply::Now(reply))
    }

    pub(super) fn on_metrics(&self) -> Answer {
        let text = metrics::text(&self.status_of(None), &self.records.journal.counts());
        Ok(Reply::Now(json!({ "text": text })))
    }

    /// A person wants the modem reset.
    pub(super) fn on_reset(&mut self, request: &Request) -> Answer {
        let rung = match text(request, "how") {
            None | Some("soft") => Rung::Reset,
            Some("power") => Rung::Power,
            Some(_) => return Err(No::new(Status::InvalidArgument, "argument how is soft or power")),
        };
        let slot = self.named_slot(request)?;
        let on_it = |interface: &&Interface| interface.modem.as_ref() == Some(&slot.id);
        if self.interfaces.values().filter(on_it).any(|interface| interface.link.rung().is_some()) {
            return Err(No::new(Status::InvalidCommand, "the modem is being repaired already; see explain"));
        }
        let option = self.power_option(&slot.id);
        let mut others = Vec::new();
        if rung == Rung::Power {
            let found = slot.place_known();
            let found = found.ok_or_else(|| No::new(Status::NotFound, "the modem was never seen"))?;
            if option == "none" {
                return Err(No::new(Status::NotSupported, "option power 'none' forbids it"));
            }
            let ways = power::ways(&self.sysfs, &found, &option)
                .map_err(|why| No::new(Status::NotSupported, &why))?;
            let way = ways.first().ok_or_else(|| {
                No::new(Status::NotSupported, "this board has no way to cut the modem's power")
            })?;
            others.clone_from(&way.others);
        }
        log::info!("{}: {rung}: a person asks for it", slot.id);
        let now = Instant::now().into_std();
        self.ledger(&slot.id).note(now, rung);
        self.keep_ledger(&slot.id);
        let names: Vec<String> =
            self.interfaces.iter().filter(|(_, i)| on_it(i)).map(|(name, _)| name.clone()).listed();
        let cause = Why::from(Cause::NoModem("it is reset, as a person asked for".into()));
        let mut taken = false;
        for name in &names {
            self.handle(name, Event::Repair { rung, cause: cause.clone() });
            taken = self.interfaces.get(name).is_some_and(|interface| interface.link.rung().is_some());
            if taken {
                // Its other links are told when it leaves.
                break;
            }
        }
        if !taken {
            self.repair_apart(&slot, rung);
        }
        Ok(Reply::Now(json!({ "others": others })))
    }

    /// Option `power` of an interface on this modem.
    pub(super) fn power_option(&self, modem: &str) -> String {
        let on_it = |interface: &&Interface| interface.modem.as_deref() == Some(modem);
        let configured = self.interfaces.values().filter(on_it).find_map(|i| i.config.as_ref());
        configured.map_or_else(|| "auto".to_string(), |config| config.power.clone())
    }

    pub(super) fn watchdog_status(&self, interface: &Interface) -> Option<WatchdogStatus> {
        let now = Instant::now().into_std();
        let options = interface.config.as_ref().map(|config| &config.watchdog)?;
        let none = Ledger::default();
        let ledger = interface.modem.as_ref().and_then(|modem| self.ledgers.get(modem)).unwrap_or(&none);
        let dog = interface.watch.as_ref().map(|watch| &watch.dog);
        let answer = dog.and_then(|dog| {
            let (index, rtt) = dog.last_answer()?;
            Some((dog.targets().get(index)?.to_string(), rtt))
        });
        let costs = dog.map(|dog| dog.targets().iter().map(|target| target.cost()).listed());
        let bytes = dog.zip(costs).map(|(dog, costs)| watchdog::bytes_month(dog.settings(), &costs));
        let due = interface.deadline().map(|due| due.saturating_duration_since(Instant::now()));
        Some(WatchdogStatus {
            health: dog.map_or(Health::Off, |dog| dog.health()),
            rtt_ms: answer.as_ref().map(|(_, rtt)| tenths(rtt.as_secs_f32() * 1000.0)),
            target: answer.map(|(target, _)| target),
            loss: dog.and_then(|dog| dog.loss()),
            fault: interface.recovery.diagnosis.as_ref().map(|diagnosis| diagnosis.fault),
            rung: interface.link.rung(),
            next: due.filter(|_| options.enabled).map(seconds),
            used: ledger.used(now),
            budget: options.budget,
            bytes_month: bytes.and_then(|bytes| u32::try_from(bytes).ok()).map(f64::from),
        })
    }

    pub(super) fn traffic_status(&self, name: &str, interface: &Interface) -> Option<Traffic> {
        let told = matches!(interface.link.state(), LinkState::Up | LinkState::Suspect);
        let counters = self.traffic(name).filter(|_| told)?;
        // As exact as a double is: 8 PiB.
        #[allow(clippy::cast_precision_loss)]
        let double = |bytes: u64| bytes as f64;
        Some(Traffic { rx_bytes: double(counters.rx_bytes), tx_bytes: double(counters.tx_bytes) })
    }
}
