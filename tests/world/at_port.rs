//! The AT port that the daemon keeps: over a pty, with a small interpreter behind it. The clock
//! runs by itself here, because ports are opened in threads.

use std::time::Duration;

use crate::sim::at::Answers;
use crate::sim::modem::{Network, Setup};
use crate::sim::world::{SECOND, World};
use tokio::time::{sleep, timeout};
use uwand::mbim::messages::enums::Register;
use uwand::ubus::{Error, Notice, Status};

use uwand::json::{Value, json};

const PORT: &str = "ttyUSB2";

/// SMS-DELIVER of +15550100018, "hello" in the default alphabet, with its service centre.
const MESSAGE: &str =
    "\r\n+CMGR: 0,,24\r\n0791515510000010040B915155100010F800006211022143654005E8329BFD06\r\n\r\nOK\r\n";

/// The same in a list, at another place.
const LIST: &str =
    "\r\n+CMGL: 5,1,,24\r\n0791515510000010040B915155100010F800006211022143654005E8329BFD06\r\n\r\nOK\r\n";

/// "x" to the same, after the prompt: no service centre.
const SENT: &str = "0001000B915155100010F800000178";

fn answers() -> Answers {
    vec![
        ("AT+CMGL=4", LIST),
        ("AT+CMGD=5", "\r\nOK\r\n"),
        ("AT+CMGS=14", "\r\n> "),
        (SENT, "\r\n+CMGS: 7\r\n\r\nOK\r\n"),
        ("AT", "\r\nOK\r\n"),
        ("AT+CSQ", "\r\n+CSQ: 21,99\r\n\r\nOK\r\n"),
        ("AT+CGMR", "\r\n+CMTI: \"SM\",3\r\n\r\nSWI9X30C\r\n\r\n+CREG: 1\r\n\r\nOK\r\n"),
        ("AT+CFUN=1,1", "\r\nOK\r\n"),
        ("AT+CMGF=0", "\r\nOK\r\n"),
        ("AT+CNMI=2,1", "\r\nOK\r\n"),
        ("AT+CPMS=\"SM\"", "\r\n+CPMS: 1,20,1,20,1,20\r\n\r\nOK\r\n"),
        ("AT+CMGR=3", MESSAGE),
        ("AT+CUSD=1,\"*100#\",15", "\r\nOK\r\n\r\n+CUSD: 1,\"Balance: 3 EUR\",15\r\n"),
        ("AT+CUSD=2", "\r\nOK\r\n"),
    ]
}

fn up(setup: Setup, scenario: impl AsyncFnOnce(&World)) {
    World::run_live(setup, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(20 * SECOND).await;
        scenario(w).await;
    });
}

async fn at(w: &World, command: &str) -> Result<Value, (Status, String)> {
    ask(w, "at", json!({ "command": command })).await
}

async fn ask(w: &World, method: &str, arguments: Value) -> Result<Value, (Status, String)> {
    let answer = w.bus.invoke("uwand", method, &arguments, 30 * SECOND).await;
    answer.map_err(|error| match error {
        Error::Refused { status, data } => (status, data["error"].as_str().unwrap_or_default().to_string()),
        other => panic!("{other}"),
    })
}

/// `at_port` in `status`, once it is this.
async fn shows_port(w: &World, wanted: &Value) {
    let shown = timeout(10 * SECOND, async {
        while w.of_modem("at_port").await != *wanted {
            sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(shown.await.is_ok(), "{} and not {wanted}", w.of_modem("at_port").await);
}

fn node(w: &World, name: &str) -> Value {
    json!(w.file("dev").join(name))
}

#[test]
fn one_port_is_opened_when_first_needed_and_kept() {
    up(Setup::default(), async |w| {
        let port = w.plug_port(PORT, answers());
        assert_eq!(w.of_modem("at_port").await, Value::Null, "nobody needed it");
        assert_eq!(at(w, "AT+CSQ").await.unwrap()["lines"], json!(["+CSQ: 21,99"]));
        assert_eq!(w.of_modem("at_port").await, node(w, PORT));
        at(w, "AT+CSQ").await.unwrap();
        assert_eq!(port.heard(), ["AT", "AT+CSQ", "AT+CSQ"]);
    });
}

#[test]
fn echo_may_be_on_or_off() {
    up(Setup::default(), async |w| {
        let port = w.plug_port(PORT, answers());
        for echo in [true, false] {
            port.echo(echo);
            assert_eq!(at(w, "AT+CSQ").await.unwrap()["lines"], json!(["+CSQ: 21,99"]), "echo {echo}");
        }
    });
}

#[test]
fn two_who_ask_wait_for_each_other() {
    up(Setup::default(), async |w| {
        let port = w.plug_port(PORT, answers());
        let (one, other) = tokio::join!(at(w, "AT+CSQ"), at(w, "AT+CGMR"));
        assert_eq!(one.unwrap()["lines"], json!(["+CSQ: 21,99"]));
        assert_eq!(other.unwrap()["lines"], json!(["SWI9X30C"]), "what nobody asked is no answer");
        assert_eq!(port.heard().iter().filter(|line| *line == "AT").count(), 1, "opened once");
    });
}

#[test]
fn a_dangerous_command_does_not_even_open_the_port() {
    up(Setup::default(), async |w| {
        let port = w.plug_port(PORT, answers());
        assert_eq!(at(w, "AT+CFUN=1,1").await.unwrap_err().0, Status::PermissionDenied);
        assert_eq!((port.heard().len(), w.of_modem("at_port").await), (0, Value::Null));
        let forced = ask(w, "at", json!({ "command": "AT+CFUN=1,1", "force": true })).await.unwrap();
        assert_eq!(forced["result"], "OK");
    });
}

#[test]
fn a_port_that_leaves_in_a_command_is_found_under_its_new_name() {
    up(Setup::default(), async |w| {
        let port = w.plug_port(PORT, answers());
        at(w, "AT").await.unwrap();
        let (asked, ()) = tokio::join!(at(w, "AT+NOANSWER"), async {
            while port.heard().last().map(String::as_str) != Some("AT+NOANSWER") {
                sleep(Duration::from_millis(5)).await;
            }
            w.unplug_port(PORT, &port);
        });
        let (_, why) = asked.unwrap_err();
        assert!(why.contains("gone"), "{why}");
        shows_port(w, &Value::Null).await;
        assert_eq!(at(w, "AT").await.unwrap_err().0, Status::NotSupported);
        let again = w.plug_port("ttyUSB3", answers());
        assert_eq!(at(w, "AT+CSQ").await.unwrap()["lines"], json!(["+CSQ: 21,99"]));
        assert_eq!(w.of_modem("at_port").await, node(w, "ttyUSB3"));
        assert_eq!(again.heard(), ["AT", "AT+CSQ"]);
        assert_eq!(w.of_interface("state").await, "up", "the link never noticed");
    });
}

#[test]
fn the_port_goes_with_its_modem_and_with_the_option() {
    up(Setup::default(), async |w| {
        let port = w.plug_port(PORT, answers());
        at(w, "AT").await.unwrap();
        w.ifup(json!({ "apn": "internet", "control_at": "none" }));
        shows_port(w, &Value::Null).await;
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(20 * SECOND).await;
        at(w, "AT").await.unwrap();
        port.hang_up();
        w.unplug();
        shows_port(w, &Value::Null).await;
    });
}

#[test]
fn a_modem_without_messages_over_mbim_has_them_by_at() {
    up(Setup { messages: false, ..Setup::default() }, async |w| {
        let mut events = w.bus.subscribe("uwand");
        let port = w.plug_port(PORT, answers());
        // The kernel tells of the port, and the daemon needs it by itself.
        shows_port(w, &node(w, PORT)).await;
        while !port.heard().iter().any(|line| line == "AT+CNMI=2,1") {
            sleep(Duration::from_millis(5)).await;
        }
        port.says("\r\n+CMTI: \"SM\",3\r\n");
        let told = timeout(10 * SECOND, async {
            loop {
                if let Notice::Message { kind, data } = events.recv().await {
                    if kind == "sms" {
                        return data;
                    }
                }
            }
        });
        let told = told.await.expect("an event");
        assert_eq!((&told["from"], &told["text"]), (&json!("+15550100018"), &json!("hello")), "{told}");
        // Back under another name, it is opened again without being asked for.
        w.unplug_port(PORT, &port);
        shows_port(w, &Value::Null).await;
        let again = w.plug_port("ttyUSB3", answers());
        shows_port(w, &node(w, "ttyUSB3")).await;
        let answer = ask(w, "ussd", json!({ "text": "*100#" })).await.unwrap();
        assert_eq!((&answer["state"], &answer["text"]), (&json!("asks"), &json!("Balance: 3 EUR")));
        assert_eq!(ask(w, "ussd", json!({ "action": "cancel" })).await.unwrap()["state"], "ended");
        assert!(again.heard().contains(&"AT+CUSD=2".to_string()));
    });
}

#[test]
fn messages_are_listed_deleted_and_sent_by_at() {
    up(Setup { messages: false, ..Setup::default() }, async |w| {
        let port = w.plug_port(PORT, answers());
        let list = ask(w, "sms_list", json!({})).await.unwrap();
        let message = &list["messages"][0];
        assert_eq!((&message["text"], &message["folder"]), (&json!("hello"), &json!("read")));
        ask(w, "sms_delete", json!({ "ids": message["ids"] })).await.unwrap();
        let sent = ask(w, "sms_send", json!({ "number": "+15550100018", "text": "x" })).await;
        assert_eq!(sent.map(|sent| sent["references"].clone()), Ok(json!([7])), "{:?}", port.heard());
    });
}

#[test]
fn a_port_that_a_command_opened_tells_messages_once_they_are_needed() {
    let network = Network { registration: Register::Searching, ..Network::default() };
    World::run_live(Setup { messages: false, network, ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.pass(1).await;
        let port = w.plug_port(PORT, answers());
        at(w, "AT").await.unwrap();
        w.modem.allow_registration();
        w.up_within(20 * SECOND).await;
        let told = timeout(10 * SECOND, async {
            while !port.heard().iter().any(|line| line == "AT+CNMI=2,1") {
                sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(told.await.is_ok(), "{:?}", port.heard());
        assert_eq!(port.heard().iter().filter(|line| *line == "AT").count(), 2, "opened once");
    });
}
