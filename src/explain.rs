//! PURE. What the daemon thinks is wrong, how it knows, what it does about it and when.
//!
//! Contract: [`explain`] makes the reply of the ubus method `explain` from the states of one
//! interface; what is not known is left out. Nothing is decided here: who decides says why.

use crate::cause::Cause;
use crate::fault::{Diagnosis, Health, Rung};
use crate::few::Listed;
use crate::json::{Map, Value, json};
use crate::words;
use crate::words::LinkState;

words! {
    /// What comes next where it is not a rung.
    pub enum Next {
        Probe = "probe",
        /// The link's own next try to connect.
        Retry = "retry",
        None = "none",
    }
}

words! {
    /// How a rung stands.
    pub enum Standing {
        Ready = "ready",
        /// In this outage, and it did not help.
        Tried = "tried",
        /// The budget allows no more of it.
        Spent = "spent",
        /// It cannot cure this fault, or this board cannot do it.
        Unfit = "unfit",
        /// The configuration does not name it.
        Off = "off",
    }
}

/// What comes next.
#[derive(Default)]
pub struct Plan {
    /// The label of a [`Rung`] or of [`Next`].
    pub what: &'static str,
    pub why: String,
    /// Seconds until then.
    pub seconds: Option<u32>,
}

/// One rung, as the ladder sees it.
pub struct Step {
    pub rung: Rung,
    pub standing: Standing,
    pub why: String,
}

/// Resets and power cuts in 24 h.
#[derive(Default)]
pub struct Budget {
    pub limit: u32,
    pub used: u32,
    /// Seconds until one more is allowed, where none is.
    pub free_in: Option<u32>,
}

/// How power would be cut.
#[derive(Default)]
pub struct Power {
    pub method: String,
    /// Ids of modems that would go along.
    pub others: Vec<String>,
    pub note: String,
}

/// Everything that is known of one interface.
pub struct View<'a> {
    pub interface: &'a str,
    pub state: LinkState,
    /// Seconds in this state.
    pub since: u32,
    pub health: Health,
    /// Why the link is not up.
    pub cause: Option<&'a Cause>,
    pub diagnosis: Option<&'a Diagnosis>,
    /// The rung at work.
    pub doing: Option<Rung>,
    pub next: Plan,
    pub ladder: Vec<Step>,
    pub budget: Budget,
    pub power: Option<Power>,
    /// The rung that cured it last.
    pub remembered: Option<Rung>,
}

/// The reply of `explain`.
pub fn explain(view: &View) -> Value {
    let mut reply = Map::new();
    let mut set = |key: &str, value: Value| {
        let empty = value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        if !value.is_null() && !empty {
            reply.insert(key.to_string(), value);
        }
    };
    set("interface", view.interface.into());
    set("state", view.state.as_str().into());
    set("since", view.since.into());
    set("health", view.health.as_str().into());
    set("fault", view.diagnosis.map(|diagnosis| diagnosis.fault.as_str()).into());
    set("error", view.cause.map(Cause::code).into());
    set("text", sentence(view).into());
    set("evidence", evidence(view).into());
    set("doing", doing(view).into());
    let mut next = json!({"rung": view.next.what});
    add(&mut next, "why", &view.next.why);
    if let Some(seconds) = view.next.seconds {
        next["seconds"] = seconds.into();
    }
    set("next", next);
    let step = |step: &Step| {
        let mut shown = json!({"rung": step.rung, "state": step.standing});
        add(&mut shown, "why", &step.why);
        shown
    };
    set("ladder", view.ladder.iter().map(step).collect());
    let mut budget = json!({"limit": view.budget.limit, "used": view.budget.used});
    if let Some(free_in) = view.budget.free_in {
        budget["free_in"] = free_in.into();
    }
    set("budget", budget);
    if let Some(power) = &view.power {
        let mut shown = json!({"method": power.method, "others": power.others});
        add(&mut shown, "note", &power.note);
        set("power", shown);
    }
    set("remembered", view.remembered.map(Rung::as_str).into());
    Value::Object(reply)
}

fn add(table: &mut Value, key: &str, text: &str) {
    if !text.is_empty() {
        table[key] = text.into();
    }
}

/// One sentence for people, while something is wrong.
fn sentence(view: &View) -> Option<String> {
    if let Some(diagnosis) = view.diagnosis {
        return Some(diagnosis.fault.text().to_string());
    }
    if let Some(cause) = view.cause {
        return Some(cause.text().to_string());
    }
    match (view.state, view.health) {
        (LinkState::Up, Health::Suspect) => Some("the last probes were not answered".to_string()),
        _ => None,
    }
}

/// Of the diagnosis; before there is one, what the link was told.
fn evidence(view: &View) -> Vec<String> {
    match (view.diagnosis, view.cause) {
        (Some(diagnosis), _) => diagnosis.evidence.clone(),
        // The first detail is the text again.
        (None, Some(cause)) => cause.details().into_iter().skip(1).listed(),
        (None, None) => Vec::new(),
    }
}

fn doing(view: &View) -> &'static str {
    match (view.doing, view.state) {
        (Some(Rung::Renew), _) => "reads the connection's settings again",
        (Some(Rung::Reconnect), _) => "connects anew",
        (Some(Rung::Reregister), _) => "switches the radio off and on",
        (Some(Rung::Reset), _) => "resets the modem",
        (Some(Rung::Power), _) => "cuts the modem's power",
        (Some(Rung::Reboot), _) => "reboots the router",
        (None, LinkState::Connecting) => "connects",
        (None, LinkState::Waiting) => "waits",
        (None, LinkState::Blocked) => "waits for a person",
        (None, LinkState::Down) => "nothing: the interface is down",
        (None, LinkState::Up | LinkState::Suspect | LinkState::Recovering) => match view.health {
            // A rung was carried out, and the first probe after it is on its way.
            Health::Off if view.state != LinkState::Up => "probes whether that helped",
            Health::Off => "nothing: the watchdog is off",
            Health::Healthy => "probes now and then",
            Health::Suspect | Health::Stalled => "probes",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Reason;
    use crate::fault::Fault;

    fn view() -> View<'static> {
        View {
            interface: "wan",
            state: LinkState::Up,
            since: 61,
            health: Health::Healthy,
            cause: None,
            diagnosis: None,
            doing: None,
            next: Plan { what: Next::Probe.as_str(), why: String::new(), seconds: Some(30) },
            ladder: Vec::new(),
            budget: Budget { limit: 6, used: 0, free_in: None },
            power: None,
            remembered: None,
        }
    }

    #[test]
    fn what_is_well_needs_few_words() {
        let expected = json!({"interface": "wan", "state": "up", "since": 61, "health": "healthy",
            "doing": "probes now and then", "next": {"rung": "probe", "seconds": 30}, "budget": {"limit": 6, "used": 0}});
        assert_eq!(explain(&view()), expected);
    }

    #[test]
    fn a_stall_shows_how_it_is_known_and_what_comes_next() {
        let evidence = vec!["3 of 3 targets are silent".to_string()];
        let diagnosis = Diagnosis { fault: Fault::NoTraffic, evidence: evidence.clone() };
        let step = |rung, standing, why: &str| Step { rung, standing, why: why.into() };
        let power = Power { method: "port".into(), others: vec!["1-1.3".into()], note: "a hub port".into() };
        let reply = explain(&View {
            state: LinkState::Recovering,
            health: Health::Stalled,
            diagnosis: Some(&diagnosis),
            doing: Some(Rung::Reset),
            next: Plan { what: Rung::Power.as_str(), why: "a reset did not help".into(), seconds: Some(20) },
            ladder: vec![
                step(Rung::Reconnect, Standing::Tried, "no packet came back"),
                step(Rung::Reboot, Standing::Off, ""),
            ],
            budget: Budget { limit: 6, used: 6, free_in: Some(3600) },
            power: Some(power),
            remembered: Some(Rung::Power),
            ..view()
        });
        assert_eq!(
            (&reply["fault"], &reply["text"]),
            (&json!("no_traffic"), &json!(Fault::NoTraffic.text()))
        );
        assert_eq!((&reply["evidence"], &reply["doing"]), (&json!(evidence), &json!("resets the modem")));
        let next = json!({"rung": "power", "why": "a reset did not help", "seconds": 20});
        assert_eq!((&reply["next"], &reply["remembered"]), (&next, &json!("power")));
        let ladder = json!([{"rung": "reconnect", "state": "tried", "why": "no packet came back"},
            {"rung": "reboot", "state": "off"}]);
        assert_eq!(reply["ladder"], ladder);
        assert_eq!(reply["budget"], json!({"limit": 6, "used": 6, "free_in": 3600}));
        assert_eq!(reply["power"], json!({"method": "port", "others": ["1-1.3"], "note": "a hub port"}));
    }

    #[test]
    fn a_refused_link_shows_the_networks_word() {
        let cause = Cause::ConnectFailed(Some(Reason::esm(27)));
        let reply = explain(&View { state: LinkState::Waiting, cause: Some(&cause), ..view() });
        assert_eq!((&reply["error"], &reply["doing"]), (&json!("CONNECT_FAILED"), &json!("waits")));
        assert!(
            reply["evidence"][0].as_str().is_some_and(|text| text.starts_with("ESM cause 27")),
            "{reply}"
        );
    }
}
