//! What ubus, LuCI, the command line and metrics show of interfaces and modems.
//!
//! Contract: these types are the replies of the ubus methods `status` and `signal` and the
//! payloads of the events `uwand.interface` and `uwand.modem`; field names are fixed by
//! their readers. What is not known is left out, never null. Every number fits blobmsg's
//! signed 32 bits, or is a double with one decimal.
//!
//! Identities (IMEI, ICCID, IMSI, numbers) are revealed here and nowhere else: the reply
//! goes to those whom ubus' ACL admits. None of these types may be logged, therefore none
//! has `Debug`.
//!
//! Why is `since` a duration and not a date? Many routers boot in 1970 and jump when NTP
//! answers, which is when a cellular link comes up. `ifstatus` counts its `uptime` in
//! seconds for the same reason.
//!
//! Why are they not read back? The command line reads replies as plain JSON, so that it goes on
//! showing what it can when the daemon is older or newer than itself.

use std::fmt::Display;

use crate::cause::Cause;
use crate::fault::{Fault, Health, Rung};
use crate::few::Listed;
use crate::json::{Table, ToJson, Value};
use crate::words::{
    Addressing, Bearer, Control, Facts, Id, LinkState, ModemState, Registration, Signal, SimState, Technology,
};

/// The reply of `status`.
#[derive(Clone, PartialEq)]
pub struct Status {
    pub version: &'static str,
    /// Seconds that the daemon has been running.
    pub uptime: u32,
    pub interfaces: Vec<InterfaceStatus>,
    pub modems: Vec<ModemStatus>,
}

impl Status {
    pub fn new(uptime: u32, interfaces: Vec<InterfaceStatus>, modems: Vec<ModemStatus>) -> Self {
        Status { version: env!("CARGO_PKG_VERSION"), uptime, interfaces, modems }
    }
}

/// One interface of the configuration.
#[derive(Clone, PartialEq)]
pub struct InterfaceStatus {
    pub interface: String,
    pub state: LinkState,
    /// Seconds that it has been in this state.
    pub since: u32,
    /// The `id` of its modem.
    pub modem: Option<String>,
    pub netdev: Option<String>,
    pub control: Option<Control>,
    pub technology: Option<Technology>,
    pub ipv4: Option<FamilyStatus>,
    pub ipv6: Option<FamilyStatus>,
    /// What the network device carries: the smaller of the two families' MTUs.
    pub mtu: Option<u32>,
    /// The code that `ifstatus` shows, e.g. `NO_SIM`.
    pub error: Option<&'static str>,
    /// The error in words, with the network's cause number and text where it gave one.
    pub reason: Option<String>,
    /// What was asked and not granted.
    pub note: Option<String>,
    /// Seconds until the next try.
    pub next_try: Option<u32>,
    pub watchdog: Option<WatchdogStatus>,
    pub traffic: Option<Traffic>,
}

impl InterfaceStatus {
    pub fn new(interface: impl Into<String>, state: LinkState, since: u32) -> Self {
        InterfaceStatus {
            interface: interface.into(),
            state,
            since,
            modem: None,
            netdev: None,
            control: None,
            technology: None,
            ipv4: None,
            ipv6: None,
            mtu: None,
            error: None,
            reason: None,
            note: None,
            next_try: None,
            watchdog: None,
            traffic: None,
        }
    }

    /// With what the network granted.
    pub fn with_bearer(mut self, bearer: &Bearer) -> Self {
        self.netdev = Some(bearer.netdev.clone());
        self.technology = bearer.technology;
        self.ipv4 = FamilyStatus::of(&bearer.ipv4);
        self.ipv6 = FamilyStatus::of(&bearer.ipv6);
        let mtus = [&self.ipv4, &self.ipv6].into_iter().flatten().filter_map(|family| family.mtu);
        self.mtu = mtus.min();
        self.note = bearer.note.clone();
        self
    }

    /// With why it is not up.
    pub fn with_cause(mut self, cause: &Cause) -> Self {
        self.error = Some(cause.code());
        self.reason = Some(cause.details().join("; "));
        self
    }
}

/// What the probes of an interface say.
#[derive(Clone, PartialEq)]
pub struct WatchdogStatus {
    pub health: Health,
    /// Of the last answered probe, and who answered it.
    pub rtt_ms: Option<f64>,
    pub target: Option<String>,
    /// Percent of the last 20 rounds.
    pub loss: Option<u32>,
    pub fault: Option<Fault>,
    /// The rung that is being tried.
    pub rung: Option<Rung>,
    /// Seconds until the next act: a probe, a rung, a try.
    pub next: Option<u32>,
    /// Resets and power cuts in the last 24 hours, and how many may be.
    pub used: u32,
    pub budget: u32,
    /// What the probes of this configuration cost in a month without other traffic.
    pub bytes_month: Option<f64>,
}

/// What the network device counted.
#[derive(Clone, PartialEq)]
pub struct Traffic {
    pub rx_bytes: f64,
    pub tx_bytes: f64,
}

/// One address family of an interface that is up.
#[derive(Clone, PartialEq, Default)]
pub struct FamilyStatus {
    /// Each with its prefix length: `10.0.0.2/30`. Empty while `dynamic`.
    pub addresses: Vec<String>,
    pub gateway: Option<String>,
    pub dns: Vec<String>,
    pub mtu: Option<u32>,
    /// Granted, but DHCP or router advertisements tell the addresses, to netifd and not to us.
    pub dynamic: Option<bool>,
}

impl FamilyStatus {
    fn of<A: Display>(addressing: &Addressing<A>) -> Option<Self> {
        match addressing {
            Addressing::Absent => None,
            Addressing::Dynamic => Some(FamilyStatus { dynamic: Some(true), ..FamilyStatus::default() }),
            Addressing::Static(family) => Some(FamilyStatus {
                addresses: family.addresses.iter().map(|(a, prefix)| format!("{a}/{prefix}")).listed(),
                gateway: family.gateway.as_ref().map(A::to_string),
                dns: family.dns.iter().map(A::to_string).listed(),
                mtu: family.mtu,
                dynamic: None,
            }),
        }
    }
}

/// One modem: opened, awaited, or only seen in sysfs.
#[derive(Clone, PartialEq)]
pub struct ModemStatus {
    /// How the `modem` arguments of ubus and the command line call it.
    pub id: String,
    pub state: ModemState,
    /// The control device, e.g. `/dev/cdc-wdm0`.
    pub device: Option<String>,
    pub driver: Option<String>,
    pub netdev: Option<String>,
    pub at_port: Option<String>,
    pub manufacturer: Option<String>,
    pub model: Option<String>,
    pub revision: Option<String>,
    pub imei: Option<String>,
    pub iccid: Option<String>,
    pub imsi: Option<String>,
    pub numbers: Option<Vec<String>>,
    pub sim: Option<SimState>,
    pub pin_tries: Option<u32>,
    /// `on`, `off`, or `off-hardware`: a switch that software cannot turn.
    pub radio: Option<&'static str>,
    pub registration: Option<Registration>,
    pub operator: Option<String>,
    pub mcc_mnc: Option<String>,
    pub technology: Option<Technology>,
    /// Told while registered.
    pub roaming: Option<bool>,
    /// Packet service.
    pub attached: Option<bool>,
    pub signal: Option<SignalStatus>,
    /// Degrees Celsius.
    pub temperature: Option<f64>,
    /// Frames from the modem that were counted and dropped.
    pub malformed: u32,
    /// Requests that the modem did not answer in time.
    pub timeouts: u32,
}

impl ModemStatus {
    /// What the modem told of itself. The caller adds `device`, `driver`, `netdev`, `at_port`.
    pub fn new(id: impl Into<String>, state: ModemState, facts: &Facts) -> Self {
        ModemStatus {
            id: id.into(),
            state,
            device: None,
            driver: None,
            netdev: None,
            at_port: None,
            manufacturer: facts.manufacturer.clone(),
            model: facts.model.clone(),
            revision: facts.revision.clone(),
            imei: revealed(&facts.imei),
            iccid: revealed(&facts.iccid),
            imsi: revealed(&facts.imsi),
            numbers: some(facts.numbers.iter().map(|number| number.reveal().to_string()).listed()),
            sim: facts.sim,
            pin_tries: facts.pin_tries,
            radio: radio(facts),
            registration: facts.registration,
            operator: facts.operator.clone(),
            mcc_mnc: facts.mcc_mnc.clone(),
            technology: facts.technology,
            roaming: roaming(facts.registration),
            attached: facts.attached,
            signal: SignalStatus::of(&facts.signal),
            temperature: facts.temperature.map(tenths),
            malformed: facts.malformed,
            timeouts: facts.timeouts,
        }
    }
}

/// Signal of the serving cell: dBm for `rssi` and `rsrp`, dB for `rsrq` and `sinr`.
#[derive(Clone, PartialEq, Default)]
pub struct SignalStatus {
    pub rssi: Option<i32>,
    pub rsrp: Option<i32>,
    pub rsrq: Option<f64>,
    pub sinr: Option<f64>,
    /// 0 to 5.
    pub bars: Option<u8>,
}

impl SignalStatus {
    /// `None` where the modem told nothing at all.
    pub fn of(signal: &Signal) -> Option<Self> {
        let status = SignalStatus {
            rssi: signal.rssi_dbm,
            rsrp: signal.rsrp_dbm,
            rsrq: signal.rsrq_db.map(tenths),
            sinr: signal.sinr_db.map(tenths),
            bars: signal.bars(),
        };
        (status != SignalStatus::default()).then_some(status)
    }
}

/// The reply of `signal`.
#[derive(Clone, PartialEq)]
pub struct SignalReply {
    pub modems: Vec<ModemSignal>,
}

/// One modem in the reply of `signal`.
#[derive(Clone, PartialEq)]
pub struct ModemSignal {
    pub id: String,
    pub registration: Option<Registration>,
    pub operator: Option<String>,
    pub technology: Option<Technology>,
    pub signal: Option<SignalStatus>,
    /// The serving cells, as `cells` shows them.
    pub cells: Option<Vec<Value>>,
}

impl ModemSignal {
    pub fn new(id: impl Into<String>, facts: &Facts) -> Self {
        ModemSignal {
            id: id.into(),
            registration: facts.registration,
            operator: facts.operator.clone(),
            technology: facts.technology,
            signal: SignalStatus::of(&facts.signal),
            cells: None,
        }
    }
}

/// The event `uwand.interface`.
#[derive(Clone, PartialEq)]
pub struct InterfaceEvent {
    pub interface: String,
    pub old: LinkState,
    pub new: LinkState,
    /// The code of the cause, where the new state has one.
    pub error: Option<&'static str>,
}

/// The event `uwand.watchdog`.
#[derive(Clone, PartialEq)]
pub struct WatchdogEvent {
    pub interface: String,
    pub old: Health,
    pub new: Health,
    pub fault: Option<Fault>,
    pub rung: Option<Rung>,
    pub why: Option<String>,
}

/// The event `uwand.modem`.
#[derive(Clone, PartialEq)]
pub struct ModemEvent {
    pub modem: String,
    pub old: ModemState,
    pub new: ModemState,
}

/// What each shows, in this order: its fields, those that are `None` left out.
macro_rules! shown {
    ($($name:ident { $($field:ident)* })*) => {$(
        impl ToJson for $name {
            fn to_json(&self) -> Value {
                Table::of(&[$((stringify!($field), &self.$field)),*])
            }
        }
    )*};
}

shown! {
    Status { version uptime interfaces modems }
    InterfaceStatus { interface state since modem netdev control technology ipv4 ipv6 mtu error reason
        note next_try watchdog traffic }
    WatchdogStatus { health rtt_ms target loss fault rung next used budget bytes_month }
    Traffic { rx_bytes tx_bytes }
    FamilyStatus { addresses gateway dns mtu dynamic }
    ModemStatus { id state device driver netdev at_port manufacturer model revision imei iccid imsi
        numbers sim pin_tries radio registration operator mcc_mnc technology roaming attached signal
        temperature malformed timeouts }
    SignalStatus { rssi rsrp rsrq sinr bars }
    SignalReply { modems }
    ModemSignal { id registration operator technology signal cells }
    InterfaceEvent { interface old new error }
    WatchdogEvent { interface old new fault rung why }
    ModemEvent { modem old new }
}

/// A list that is left out where it is empty.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

fn revealed(id: &Option<Id>) -> Option<String> {
    id.as_ref().map(|id| id.reveal().to_string())
}

fn roaming(registration: Option<Registration>) -> Option<bool> {
    registration.filter(|registration| registration.is_registered()).map(Registration::is_roaming)
}

fn radio(facts: &Facts) -> Option<&'static str> {
    match (facts.radio_hardware, facts.radio_software) {
        (Some(false), _) => Some("off-hardware"),
        (_, Some(false)) => Some("off"),
        (_, Some(true)) => Some("on"),
        (_, None) => None,
    }
}

/// One decimal: an `f32` widened as it is would show -10.199999809265137 in JSON.
pub fn tenths(value: f32) -> f64 {
    (f64::from(value) * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::cause::Reason;
    use crate::json::json;
    use crate::words::Family;

    #[test]
    fn an_interface_that_is_up_shows_its_addresses_and_nothing_unknown() {
        let ipv4 = Addressing::Static(Family {
            addresses: vec![(Ipv4Addr::new(10, 0, 0, 2), 30)],
            gateway: Some(Ipv4Addr::new(10, 0, 0, 1)),
            dns: vec![Ipv4Addr::new(9, 9, 9, 9)],
            mtu: Some(1430),
        });
        let bearer = Bearer { netdev: "wwan0".into(), ipv4, ipv6: Addressing::Dynamic, ..Default::default() };
        let status = InterfaceStatus::new("wan", LinkState::Up, 61).with_bearer(&bearer);
        let expected = json!({
            "interface": "wan", "state": "up", "since": 61, "netdev": "wwan0", "mtu": 1430,
            "ipv4": {"addresses": ["10.0.0.2/30"], "gateway": "10.0.0.1", "dns": ["9.9.9.9"], "mtu": 1430},
            "ipv6": {"addresses": [], "dns": [], "dynamic": true},
        });
        assert_eq!(status.to_json(), expected);
    }

    #[test]
    fn a_refused_interface_shows_code_number_and_words() {
        let cause = Cause::ConnectFailed(Some(Reason::esm(27)));
        let status = InterfaceStatus::new("wan", LinkState::Waiting, 3).with_cause(&cause).to_json();
        assert_eq!(status["error"], "CONNECT_FAILED");
        let reason =
            "the connection was refused or ended; ESM cause 27: unknown or missing APN: check option apn";
        assert_eq!(status["reason"], reason);
    }

    #[test]
    fn a_modem_that_said_nothing_shows_its_id_state_and_counters_only() {
        let status = ModemStatus::new("1-1.2", ModemState::Seen, &Facts::default()).to_json();
        assert_eq!(status, json!({"id": "1-1.2", "state": "seen", "malformed": 0, "timeouts": 0}));
    }

    #[test]
    fn a_registered_modem_shows_identity_network_and_rounded_signal() {
        let facts = Facts {
            imei: Some(Id::new("353000000000000")),
            registration: Some(Registration::Partner),
            radio_hardware: Some(true),
            radio_software: Some(true),
            signal: Signal { rsrp_dbm: Some(-95), rsrq_db: Some(-10.2), ..Signal::default() },
            ..Facts::default()
        };
        let status = ModemStatus::new("cdc-wdm0", ModemState::Open, &facts).to_json();
        assert_eq!(status["imei"], "353000000000000");
        assert_eq!(status["roaming"], true);
        assert_eq!(status["radio"], "on");
        assert_eq!(status["signal"], json!({"rsrp": -95, "rsrq": -10.2, "bars": 3}));
    }
}
