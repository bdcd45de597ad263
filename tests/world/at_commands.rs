//! `at`: one command through the modem's port, while the daemon runs. Each test is a sentence,
//! under the virtual clock; the port is a socket with a small AT interpreter behind it.

use crate::sim;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use sim::modem::{Network, Setup};
use sim::world::{SECOND, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use uwand::mbim::messages::enums::Register;
use uwand::ubus::{Error, Status};

use uwand::json::{Value, json};

/// Serves a port; gives the commands that came.
fn interpreter(path: &Path, answers: &'static [(&'static str, &'static str)]) -> Rc<RefCell<Vec<String>>> {
    let listener = UnixListener::bind(path).unwrap();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let log = heard.clone();
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 256];
            while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                let line = String::from_utf8_lossy(&buffer[..length]).trim().to_string();
                let known = answers.iter().find(|(command, _)| *command == line);
                log.borrow_mut().push(line.clone());
                let Some((_, answer)) = known else { continue };
                stream.write_all(format!("{line}\r\r\n{answer}").as_bytes()).await.unwrap();
            }
        }
    });
    heard
}

async fn at(w: &World, arguments: Value) -> Result<Value, (Status, String)> {
    let answer = w.bus.invoke("uwand", "at", &arguments, Duration::from_secs(400)).await;
    answer.map_err(|error| match error {
        Error::Refused { status, data } => (status, data["error"].as_str().unwrap_or_default().to_string()),
        other => panic!("{other}"),
    })
}

async fn up_with_port(w: &World) {
    w.ifup(json!({ "apn": "internet", "control_at": w.file("port") }));
    w.up_within(5 * SECOND).await;
}

const SIGNAL: &[(&str, &str)] =
    &[("AT", "OK\r\n"), ("AT+CSQ", "\r\n+CSQ: 21,99\r\n\r\nOK\r\n"), ("AT+CFUN=1,1", "OK\r\n")];

#[test]
fn a_command_comes_back_with_its_lines_and_result() {
    World::run(Setup::default(), async |w| {
        interpreter(&w.file("port"), SIGNAL);
        up_with_port(w).await;
        let answer = at(w, json!({ "command": "AT+CSQ" })).await.unwrap();
        assert_eq!((&answer["lines"], &answer["result"]), (&json!(["+CSQ: 21,99"]), &json!("OK")));
    });
}

#[test]
fn a_dangerous_command_is_sent_only_when_forced() {
    World::run(Setup::default(), async |w| {
        let heard = interpreter(&w.file("port"), SIGNAL);
        up_with_port(w).await;
        let (status, why) = at(w, json!({ "command": "at+cfun=1,1" })).await.unwrap_err();
        assert_eq!(status, Status::PermissionDenied, "{why}");
        assert!(heard.borrow().is_empty());
        let forced = at(w, json!({ "command": "AT+CFUN=1,1", "force": true })).await.unwrap();
        assert_eq!(forced["result"], "OK");
    });
}

#[test]
fn a_port_that_answers_nothing_is_given_up_after_its_time() {
    World::run(Setup::default(), async |w| {
        interpreter(&w.file("port"), &[]);
        up_with_port(w).await;
        let begin = tokio::time::Instant::now();
        let (_, why) = at(w, json!({ "command": "AT+CSQ" })).await.unwrap_err();
        assert!(why.contains("does not answer AT"), "{why}");
        assert!(begin.elapsed() < 5 * SECOND, "{:?}", begin.elapsed());
        assert_eq!(w.of_interface("state").await, "up");
    });
}

#[test]
fn a_port_that_the_configuration_leaves_alone_is_left_alone() {
    World::run(Setup::default(), async |w| {
        w.ifup(json!({ "apn": "internet", "control_at": "none" }));
        w.up_within(5 * SECOND).await;
        let (status, why) = at(w, json!({ "command": "AT" })).await.unwrap_err();
        assert_eq!((status, why.contains("control_at")), (Status::NotSupported, true));
    });
}

#[test]
fn a_registration_that_only_the_port_tells_makes_the_link_try_at_once() {
    const CODES: &[(&str, &str)] =
        &[("AT", "OK\r\n"), ("AT+CSQ", "\r\n+CSQ: 5,99\r\n\r\n+CEREG: 1\r\n\r\nOK\r\n")];
    let network = Network { registration: Register::Searching, ..Network::default() };
    World::run(Setup { network, ..Setup::default() }, async |w| {
        interpreter(&w.file("port"), CODES);
        w.ifup(json!({ "apn": "internet", "control_at": w.file("port") }));
        w.error_within("NOT_REGISTERED", 40 * SECOND).await;
        while w.of_interface("state").await != "waiting"
            || w.of_interface("next_try").await.as_u64() < Some(3)
        {
            w.pass(1).await;
        }
        // The control channel says no word of it.
        w.modem.act(|state| {
            state.network.registration = Register::Home;
            state.take_network();
            state.hush();
        });
        w.pass(1).await;
        assert_eq!(w.of_interface("state").await, "waiting");
        let answer = at(w, json!({ "command": "AT+CSQ" })).await.unwrap();
        assert_eq!(answer["lines"], json!(["+CSQ: 5,99"]));
        w.up_within(SECOND).await;
    });
}
