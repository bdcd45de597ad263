//! No PIN, IMSI, ICCID, IMEI, telephone number or password in any log line at any level:
//! scenarios at trace level, in this process and through the real binary, and a search for
//! every form in which bytes get printed.

mod sim;

use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use log::{LevelFilter, Metadata, Record};
use sim::fault::{Effect, Fault, On};
use sim::modem::{Network, Setup, Sim, SimModem};
use sim::netifd::{Handler, Netifd, What};
use sim::qmi;
use sim::ubusd::Ubusd;
use sim::world::{MINUTE, SECOND, WAN, World};
use tokio::io::AsyncReadExt;
use uwand::mbim::messages::basic::{DeviceCaps, SubscriberReady};
use uwand::mbim::messages::enums::{AuthProtocol, Register};
use uwand::qmi::frame::Service;

use uwand::json::{Value, json};

const PIN: &str = "7093";
const WRONG_PIN: &str = "6182";
const PUK: &str = "50617283";
const PASSWORD: &str = "hush-word-55";
const IMEI: &str = "350000123456782";
const IMSI: &str = "001019876543217";
const ICCID: &str = "8949012345678901238";
const NUMBER: &str = "+15550198765";
const SECRETS: [&str; 8] = [PIN, WRONG_PIN, PUK, PASSWORD, IMEI, IMSI, ICCID, NUMBER];

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Collector;

impl log::Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}

fn collect() {
    // The tests of this file share one collector.
    let _ = log::set_logger(&Collector);
    log::set_max_level(LevelFilter::Trace);
}

fn collected() -> String {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
}

/// A secret in the forms that a careless line would have: text, hexadecimal digits and
/// lists of numbers, as UTF-8 and as UTF-16.
fn forms(secret: &str) -> Vec<String> {
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let swapped = secret.as_bytes().chunks(2).map(|pair| pair.iter().rev().map(|byte| *byte as char));
    // As a card stores digits.
    let mut forms = vec![secret.to_string(), swapped.flatten().collect()];
    for bytes in [secret.as_bytes(), &wide] {
        for separator in ["", " ", ":"] {
            let lower: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            forms.push(lower.join(separator));
        }
        let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
        forms.push(list.join(", "));
    }
    forms
}

fn search(what: &str, log: &str) {
    for secret in SECRETS {
        for form in forms(secret) {
            let found = log.lines().find(|line| line.to_lowercase().contains(&form));
            assert!(found.is_none(), "{what} shows a secret: {found:?}");
        }
    }
}

fn setup() -> Setup {
    let sim = Sim {
        iccid: ICCID.into(),
        imsi: IMSI.into(),
        numbers: vec![NUMBER.into()],
        puk: PUK.into(),
        ..Sim::locked(PIN)
    };
    let auth = Some((AuthProtocol::Pap, "somebody".into(), PASSWORD.into()));
    let network = Network { auth, ..Network::default() };
    Setup { imei: IMEI.into(), sim: Some(sim), network, ..Setup::default() }
}

fn options(pin: &str) -> Value {
    json!({ "apn": "internet", "auth": "pap", "username": "somebody", "password": PASSWORD, "pincode": pin })
}

#[test]
fn no_secret_is_logged_while_all_goes_well() {
    collect();
    World::run(setup(), async |w| {
        w.ifup(options(PIN));
        w.up_within(5 * SECOND).await;
        let imei = w.of_modem("imei").await;
        assert_eq!(imei, IMEI, "status shows what the log must not");
        w.modem.network_disconnect(0, 36);
        w.pass(60).await;
        w.call("signal", json!({})).await;
        w.call("reconnect", json!({ "interface": WAN })).await;
        w.pass(60).await;
        w.netifd.ifdown(WAN);
        w.down_within(4 * SECOND).await;
    });
    let log = collected();
    assert!(log.lines().count() > 50 && log.contains("TRACE"), "trace level is heard:\n{log}");
    search("a connect", &log);
}

#[test]
fn no_secret_is_logged_when_the_configuration_is_wrong() {
    collect();
    let wrong = [
        json!({ "pincode": PUK.repeat(3) }),
        json!({ "device": format!("imei:{IMEI}99"), "pincode": PIN }),
        json!({ "device": format!("imei:{IMEI}"), "pincode": PIN }),
        json!({ "device": format!("serial:{ICCID}") }),
        json!({ "password": format!("{PASSWORD}\n") }),
        json!({ "password": [PASSWORD] }),
        json!({ "pincode": { PIN: PIN } }),
        json!({ "auth": "papp", "password": PASSWORD }),
    ];
    for options in wrong {
        World::run(setup(), async |w| {
            w.ifup(options);
            w.pass(120).await;
            let words = w.error_words();
            search("ifstatus", &words);
            let _ = w.bus.invoke("uwand", "up", &json!({ "config": PIN, "interface": 1 }), SECOND).await;
        });
    }
    search("a wrong configuration", &collected());
}

#[test]
fn no_secret_is_logged_when_things_go_wrong() {
    collect();
    World::run(setup(), async |w| {
        w.ifup(options(WRONG_PIN));
        w.error_within("PIN_FAILED", 5 * SECOND).await;
        w.ifup(options(PIN));
        w.pass(60).await;
        w.modem.set_registration(Register::Denied, 11);
        w.pass(60).await;
        w.modem.remove_sim();
        w.pass(60).await;
        w.modem.insert_sim(setup().sim.unwrap());
        w.modem.allow_registration();
        w.pass(60).await;
    });
    let effects =
        [Effect::Truncate(40), Effect::FalseLength(60), Effect::Overlong(5), Effect::WrongTransaction];
    for effect in effects.into_iter().chain([Effect::DuplicateAnswer, Effect::DropAnswer, Effect::Vanish]) {
        World::run(setup(), async |w| {
            for on in [On::message::<DeviceCaps>(), On::message::<SubscriberReady>(), On::Anything] {
                w.modem.fault(Fault::new(on, effect.clone()).times(5));
            }
            w.ifup(options(PIN));
            w.pass(300).await;
        });
    }
    World::run(Setup { max_transfer: 64, ..setup() }, async |w| {
        w.modem.fault(Fault::new(On::message::<DeviceCaps>(), Effect::Truncate(50)).once());
        w.ifup(options(PIN));
        w.up_within(2 * MINUTE).await;
    });
    search("a misbehaving modem", &collected());
}

/// A QMI modem with the same secrets.
fn over_qmi() -> qmi::Setup {
    let profiles = vec![qmi::Profile { password: PASSWORD.into(), ..qmi::Profile::new(1, "old") }];
    qmi::Setup { base: setup(), profiles, ..qmi::Setup::default() }
}

#[test]
fn no_secret_is_logged_over_qmi() {
    collect();
    World::run_qmi(over_qmi(), async |w| {
        w.ifup(options(PIN));
        w.up_within(5 * SECOND).await;
        w.settle().await;
        assert_eq!(w.of_modem("imsi").await, IMSI, "status shows what the log must not");
        w.kill_daemon().await;
        w.start_daemon();
        w.pass(60).await;
        w.modem.reset();
        w.pass(60).await;
        w.modem.remove_sim();
        w.pass(60).await;
        w.modem.insert_sim(setup().sim.unwrap());
        w.pass(60).await;
        w.ifup(options(WRONG_PIN));
        w.pass(60).await;
    });
    let effects = [qmi::Effect::Truncate(30), qmi::Effect::WrongClient, qmi::Effect::WrongTransaction];
    for effect in effects.into_iter().chain([qmi::Effect::Glue(3), qmi::Effect::DropAnswer]) {
        World::run_qmi(over_qmi(), async |w| {
            for on in [Service::Uim, Service::Wds, Service::Dms] {
                w.modem.fault(qmi::QmiFault::new(qmi::On::Service(on), effect.clone()).times(5));
            }
            w.ifup(options(PIN));
            w.pass(300).await;
        });
    }
    search("QMI", &collected());
}

/// The daemon and its handler as processes, in real time.
#[test]
fn no_secret_leaves_the_real_binary() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let world = World::new(setup());
        let (bus, control) = (world.file("bus.sock"), world.file("modem.sock"));
        world.add_netdev("wwan0");
        let ubusd = Ubusd::at(&bus).unwrap();
        let modem = SimModem::at(&control, setup()).unwrap();
        let program = env!("CARGO_BIN_EXE_uwand");
        let environment = vec![
            ("UWAND_UBUS_SOCKET".to_string(), bus.display().to_string()),
            ("UWAND_SYSFS".to_string(), world.globals.sysfs.display().to_string()),
            ("UWAND_RUN_DIR".to_string(), world.globals.run_dir.display().to_string()),
            ("UWAND_LOG".to_string(), "trace".to_string()),
        ];
        let mut daemon = tokio::process::Command::new(program);
        daemon.arg("daemon").envs(environment.iter().cloned()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut daemon = daemon.spawn().unwrap();
        let source = move || ubusd.source();
        let handler = Handler::Process { program: program.into(), arguments: Vec::new(), environment };
        let netifd = Netifd::start(source, handler);
        let mut section =
            json!({ "proto": "uwand", "device": control.display().to_string(), "netdev": "wwan0" });
        for (name, value) in options(WRONG_PIN).as_object().unwrap() {
            section[name.as_str()] = value.clone();
        }
        netifd.configure(WAN, Some(section.clone()));
        netifd.ifup(WAN);
        let limit = Duration::from_secs(20);
        assert!(
            netifd.until(limit, |netifd| netifd.error(WAN) == "PIN_FAILED").await,
            "{:?}",
            netifd.told(WAN)
        );
        // "Block restart" is on its way behind the error.
        tokio::time::sleep(Duration::from_millis(200)).await;
        section["pincode"] = json!(PIN);
        // Two tries are left; a new PIN wants three, as after a person entered it elsewhere.
        modem.act(|state| state.sim.as_mut().unwrap().pin_tries = 3);
        netifd.configure(WAN, Some(section));
        netifd.ifup(WAN);
        assert!(netifd.until(limit, |netifd| netifd.is_up(WAN)).await, "{:?}", netifd.told(WAN));
        daemon.start_kill().unwrap();
        let mut log = String::new();
        daemon.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
        assert!(log.lines().count() > 20, "{log}");
        search("the daemon's stderr", &log);
        for event in netifd.told(WAN) {
            if let What::Line(line) = event {
                search("the handler", &line);
            }
        }
    });
}
