//! The LuCI pages are held to the daemon's words: labels, options, methods, rights, figures.

use std::collections::BTreeSet;
use std::time::Duration;

use uwand::answers::{Folder, Lock, NetworkState, UssdState};
use uwand::cause::Cause;
use uwand::config::{Kind, OPTIONS};
use uwand::daemon::METHODS;
use uwand::explain::{Next, Standing};
use uwand::fault::{Fault, Health, Rung};
use uwand::history::Measure;
use uwand::json::{Value, json};
use uwand::sms::delivery::Delivery;
use uwand::target::Target;
use uwand::watchdog::{Settings, bytes_month};
use uwand::words::{LinkState, ModemState, Registration, SimState, Technology};

const WORDS: &str = include_str!("../../luci-app/htdocs/luci-static/resources/uwand/words.js");
const BUS: &str = include_str!("../../luci-app/htdocs/luci-static/resources/uwand/bus.js");
const PAGE_OPTIONS: &str = include_str!("../../luci-app/htdocs/luci-static/resources/uwand/options.js");
const STATUS: &str = include_str!("../../luci-app/htdocs/luci-static/resources/view/uwand/status.js");
const WATCHDOG: &str = include_str!("../../luci-app/htdocs/luci-static/resources/view/uwand/watchdog.js");
const ACL: &str = include_str!("../../luci-app/root/usr/share/rpcd/acl.d/luci-app-uwand.json");
const COST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/luci/recorded/cost.json");

/// Methods that no page calls: netifd's own two, and what monitoring fetches.
const NOT_IN_PAGES: [&str; 3] = ["up", "down", "metrics"];
/// Methods that pages call and show as missing on a daemon without them.
const LATER: [&str; 5] = ["reset", "explain", "outages", "history", "doctor"];

/// The lines of a table in a script, `const NAME = {` to `};`.
fn table<'a>(script: &'a str, name: &str) -> Vec<&'a str> {
    let head = format!("const {name} = {{");
    let lines: Vec<&str> =
        script.lines().skip_while(|line| *line != head).skip(1).take_while(|line| *line != "};").collect();
    assert!(!lines.is_empty(), "no table {name}");
    lines
}

/// The first text in single quotes.
fn quoted(line: &str) -> Option<&str> {
    line.split('\'').nth(1)
}

fn keys(name: &str) -> Vec<&'static str> {
    table(WORDS, name).into_iter().filter_map(quoted).collect()
}

macro_rules! same {
    ($name:literal, $type:ty) => {
        let known: Vec<&str> = <$type>::ALL.iter().map(|word| word.as_str()).collect();
        assert_eq!(keys($name), known, "words.js, {}", $name);
    };
}

#[test]
fn the_pages_have_words_for_every_label() {
    same!("LINK_STATES", LinkState);
    same!("MODEM_STATES", ModemState);
    same!("SIM_STATES", SimState);
    same!("LOCKS", Lock);
    same!("REGISTRATIONS", Registration);
    same!("TECHNOLOGIES", Technology);
    same!("HEALTH", Health);
    same!("FAULTS", Fault);
    same!("RUNGS", Rung);
    same!("RUNG_EFFECTS", Rung);
    same!("RUNG_STATES", Standing);
    same!("NETWORK_STATES", NetworkState);
    same!("FOLDERS", Folder);
    same!("DELIVERIES", Delivery);
    same!("USSD_STATES", UssdState);
    assert_eq!(keys("ERRORS"), Cause::CODES, "words.js, ERRORS");
    for next in Next::ALL {
        assert!(WATCHDOG.contains(&format!("'{next}'")), "watchdog.js does not know {next}");
    }
}

#[test]
fn every_measure_has_its_graph() {
    let both = format!("{STATUS}{WATCHDOG}");
    // Of an LTE signal the power is drawn; the others are shown as numbers.
    for measure in Measure::ALL.iter().filter(|measure| !matches!(measure, Measure::Rsrq | Measure::Sinr)) {
        assert!(both.contains(&format!("'{measure}'")), "no graph of {measure}");
    }
}

/// `name: [ 'argument', … ],` of bus.js.
fn calls() -> Vec<(&'static str, Vec<&'static str>)> {
    let call = |line: &'static str| {
        let words: Vec<&str> = line.split('\'').skip(1).step_by(2).collect();
        words.split_first().map(|(name, arguments)| (*name, arguments.to_vec()))
    };
    table(BUS, "METHODS").into_iter().filter_map(call).collect()
}

#[test]
fn the_pages_call_every_method_with_arguments_that_it_has() {
    let called: BTreeSet<&str> = calls().into_iter().map(|(name, _)| name).collect();
    for method in METHODS {
        assert!(
            called.contains(method.name) || NOT_IN_PAGES.contains(&method.name),
            "no page calls {}: add it to bus.js and acl.d, or to NOT_IN_PAGES",
            method.name
        );
    }
    for (name, arguments) in calls() {
        let Some(method) = METHODS.iter().find(|method| method.name == name) else {
            assert!(LATER.contains(&name), "the daemon has no method {name}");
            continue;
        };
        for argument in arguments {
            assert!(method.args.iter().any(|(known, _)| *known == argument), "{name} has no {argument}");
        }
    }
}

#[test]
fn the_rights_are_those_for_what_the_pages_call() {
    let acl: Value = uwand::json::from_str(ACL).expect("acl.d is JSON");
    let of =
        |kind: &str| acl["luci-app-uwand"][kind]["ubus"]["uwand"].as_array().cloned().unwrap_or_default();
    let granted: Vec<String> = ["read", "write"]
        .iter()
        .flat_map(|kind| of(kind))
        .filter_map(|n| n.as_str().map(str::to_string))
        .collect();
    // The last is uhttpd's name for listening, which the capture does.
    let wanted = calls().into_iter().map(|(name, _)| name.to_string()).chain([":subscribe".to_string()]);
    assert_eq!(granted.iter().cloned().collect::<BTreeSet<_>>(), wanted.collect());
    assert_eq!(granted.len(), calls().len() + 1, "a right is granted twice");
}

/// The text of `key: '…'` in an option's line.
fn member<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_once(&format!(" {key}: '"))?.1.split('\'').next()
}

#[test]
fn the_form_has_every_option_with_its_default_and_range() {
    let lines: Vec<&str> = PAGE_OPTIONS.lines().filter(|line| line.starts_with("\t{ name: '")).collect();
    let shown: BTreeSet<&str> = lines.iter().filter_map(|line| member(line, "name")).collect();
    assert_eq!(shown, OPTIONS.iter().map(|option| option.name).collect());
    for option in OPTIONS {
        let line =
            lines.iter().find(|line| member(line, "name") == Some(option.name)).expect("compared above");
        if let Some(default) = member(line, "default") {
            assert_eq!(default, option.default, "{}", option.name);
        }
        let kind = match option.kind {
            Kind::Number(from, to) => format!("range: [ {from}, {to} ]"),
            Kind::Flag => "kind: 'flag'".to_string(),
            Kind::Secret(most) => format!("kind: 'secret', title: _('Password'), max: {most}"),
            Kind::Pin => "kind: 'secret'".to_string(),
            Kind::Plmn => "[0-9]{5,6}".to_string(),
            Kind::Word(words) | Kind::Words(words) => {
                for word in words {
                    assert!(line.contains(&format!("'{word}'")), "{} lacks {word}", option.name);
                }
                continue;
            }
            Kind::Text(most) if line.contains("kind: 'text'") => format!("max: {most}"),
            Kind::Text(_) | Kind::List => continue,
        };
        assert!(line.contains(&kind), "{}: {kind} is wanted", option.name);
    }
}

const TARGETS: [&str; 9] = [
    "1.1.1.1",
    "2606:4700:4700::1111",
    "dns:9.9.9.9",
    "dns:2620:fe::fe",
    "tcp:192.0.2.1:443",
    "tcp:example.org:443",
    "tcp:[2001:db8::1]:443",
    "http://192.0.2.1/",
    "http://example.org/generate_204",
];

fn cost(target: &str) -> u32 {
    Target::parse(target).expect(target).cost()
}

fn month(interval: u64, quorum: u32, targets: &[&str]) -> Value {
    let costs: Vec<u32> = match targets {
        [] => ["1.1.1.1", "2606:4700:4700::1111"].map(cost).to_vec(),
        targets => targets.iter().map(|target| cost(target)).collect(),
    };
    let settings = Settings { interval: Duration::from_secs(interval), quorum, ..Settings::default() };
    json!({"interval": interval, "quorum": quorum, "targets": targets, "bytes": bytes_month(&settings, &costs)})
}

/// tests/luci compares the form's figures with this file; `UWAND_RECORD=1` writes it anew.
#[test]
fn the_form_computes_the_daemon_s_monthly_cost() {
    let probes: Vec<Value> =
        TARGETS.iter().map(|target| json!({"target": target, "bytes": cost(target)})).collect();
    let months = [
        month(30, 1, &[]),
        month(30, 2, &[]),
        month(29, 1, &[]),
        month(5, 1, &["1.1.1.1"]),
        month(60, 2, &TARGETS),
        month(86400, 16, &TARGETS),
        month(1, 1, &["http://example.org/generate_204"]),
    ];
    let told = json!({"months": months, "probes": probes});
    if std::env::var_os("UWAND_RECORD").is_some() {
        std::fs::write(COST, format!("{told:#}\n")).expect("written");
    }
    let recorded = std::fs::read_to_string(COST).expect("cost.json");
    assert_eq!(uwand::json::from_str(&recorded).ok(), Some(told), "UWAND_RECORD=1 writes cost.json anew");
}
