//! Messages and USSD, where the modem speaks QMI: what people ask, and what it tells by itself.

use crate::sim;

use std::time::Duration;

use sim::modem::{self, Network};
use sim::qmi::{QmiModem, Setup};
use sim::world::{MINUTE, SECOND, World};
use uwand::mbim::messages::enums::UssdResponse;
use uwand::qmi::frame::Service;
use uwand::qmi::messages::ctl::AllocateClientId;
use uwand::qmi::messages::wms::{Class, Receipt, Route, SetEventReport, SetRoutes, Storage};
use uwand::sms::address::Address;
use uwand::sms::compose::{Options, compose};
use uwand::sms::pdu::{Deliver, Pdu, Tpdu};
use uwand::sms::time::Timestamp;
use uwand::ubus::{Error, Notice, Status, Subscription};

use uwand::json::{Value, json};

type Qmi = World<QmiModem>;

const FROM: &str = "+15550100018";

async fn ask(w: &Qmi, method: &str, arguments: Value) -> Result<Value, (Status, Value)> {
    let limit = Duration::from_secs(300);
    w.bus.invoke("uwand", method, &arguments, limit).await.map_err(|error| match error {
        Error::Refused { status, data } => (status, data),
        other => panic!("{method}: {other}"),
    })
}

fn up(setup: Setup, scenario: impl AsyncFnOnce(&Qmi)) {
    World::run_qmi(setup, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        w.settle().await;
        scenario(w).await;
    });
}

/// A message of `FROM`'s in its parts, as the network delivers them.
fn deliver(text: &str) -> Vec<Vec<u8>> {
    let parts = compose(FROM, text, &Options { reference: 9, ..Options::default() }).unwrap();
    let pdu = |part: uwand::sms::pdu::Submit| {
        let deliver = Deliver {
            from: Address::new(FROM).unwrap(),
            protocol: 0,
            time: Timestamp([0x62, 0x11, 0x02, 0x21, 0x43, 0x65, 0x40]),
            body: part.body,
            more: false,
            report: false,
            reply_path: false,
        };
        Pdu { centre: None, tpdu: Tpdu::Deliver(deliver) }.encode().unwrap().0
    };
    parts.into_iter().map(pdu).collect()
}

/// The messages that the daemon tells of until it is silent.
async fn told(daemon: &mut Subscription) -> Vec<Value> {
    let mut messages = Vec::new();
    while let Ok(notice) = tokio::time::timeout(2 * SECOND, daemon.recv()).await {
        if let Notice::Message { kind, data } = notice {
            messages.extend((kind == "sms").then_some(data));
        }
    }
    messages
}

#[test]
fn messages_are_listed_deleted_and_sent() {
    up(Setup::default(), async |w| {
        w.modem.act(|state| state.store_message(deliver("Hallo ✓").remove(0)));
        let list = ask(w, "sms_list", json!({})).await.unwrap();
        let message = &list["messages"][0];
        assert_eq!((&message["from"], &message["text"]), (&json!(FROM), &json!("Hallo ✓")));
        ask(w, "sms_delete", json!({"ids": message["ids"]})).await.unwrap();
        assert_eq!(ask(w, "sms_list", json!({})).await.unwrap()["messages"], json!([]));
        let sent = ask(w, "sms_send", json!({"number": FROM, "text": "x"})).await.unwrap();
        assert_eq!(sent["references"], json!([1]));
    });
}

#[test]
fn a_message_that_arrives_is_told_once_when_it_is_whole() {
    up(Setup::default(), async |w| {
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        let text = "long ".repeat(60);
        for part in deliver(&text) {
            w.modem.receive_message(&part);
        }
        let messages = told(&mut daemon).await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!((&messages[0]["from"], &messages[0]["text"]), (&json!(FROM), &json!(text)));
        assert_eq!(messages[0]["ids"], json!([0, 1]), "its places in the store");
    });
}

#[test]
fn a_message_that_is_not_stored_is_told_and_acknowledged() {
    up(Setup::default(), async |w| {
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        w.modem.act(|state| state.transfer_message(77, deliver("shown and gone").remove(0)));
        assert_eq!(told(&mut daemon).await[0]["text"], "shown and gone");
        assert_eq!(w.modem.act(|state| state.acknowledged.clone()), [77]);
    });
}

#[test]
fn routes_that_throw_messages_away_are_set_right_and_others_left_alone() {
    let routes = |flash, receipt| {
        let classes = [Class::Class0, Class::Class1, Class::Class2, Class::Class3, Class::None];
        let of = |class| if class == Class::Class0 { flash } else { receipt };
        let one = |class| Route { kind: 0, class, storage: Storage::Device, receipt: of(class) };
        classes.into_iter().map(one).collect::<Vec<_>>()
    };
    use Receipt::{Discard, StoreAndNotify, TransferAndAck};
    for (flash, receipt, after) in [
        (Discard, Discard, StoreAndNotify),
        (TransferAndAck, TransferAndAck, TransferAndAck),
        (StoreAndNotify, StoreAndNotify, StoreAndNotify),
        (TransferAndAck, StoreAndNotify, TransferAndAck),
    ] {
        World::run_qmi(Setup::default(), async |w| {
            w.modem.act(|state| state.routes = routes(flash, receipt));
            w.ifup(json!({ "apn": "internet" }));
            w.up_within(30 * SECOND).await;
            w.pass(1).await;
            let changes = usize::from(receipt != StoreAndNotify);
            assert_eq!(w.modem.count::<SetRoutes>(), changes, "{flash:?} {receipt:?}");
            let now: Vec<_> = w.modem.act(|state| state.routes.iter().map(|route| route.receipt).collect());
            let [first, others @ ..] = now.as_slice() else { panic!("no routes") };
            assert_eq!(*first, after, "class 0 is not kept, a transfer is right for it");
            assert!(others.iter().all(|receipt| *receipt == StoreAndNotify), "{others:?}");
        });
    }
}

#[test]
fn a_new_daemon_goes_on_hearing_of_messages_with_the_old_client_id() {
    up(Setup::default(), async |w| {
        w.pass(5).await;
        let clients = w.modem.clients();
        assert_eq!(w.modem.clients_of(Service::Wms), 1);
        w.kill_daemon().await;
        w.modem.forget_requests();
        w.start_daemon();
        w.pass(5).await;
        assert_eq!(w.modem.count::<AllocateClientId>(), 0);
        assert_eq!((w.modem.clients(), w.modem.count::<SetEventReport>()), (clients, 1));
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        w.modem.receive_message(&deliver("still here").remove(0));
        assert_eq!(told(&mut daemon).await[0]["text"], "still here");
    });
}

fn ussd(waits: bool) -> Setup {
    let ussd = vec![
        ("*100#".to_string(), UssdResponse::NoActionRequired, "Balance: 3 EUR".to_string()),
        ("*101#".to_string(), UssdResponse::ActionRequired, "Меню: 1".to_string()),
        ("1".to_string(), UssdResponse::NoActionRequired, "Done".to_string()),
    ];
    let network = Network { ussd, sends_after: 3 * SECOND, ..Network::default() };
    let base = modem::Setup { network, ..modem::Setup::default() };
    Setup { base, ussd_waits: waits, ..Setup::default() }
}

#[test]
fn ussd_goes_to_and_fro_and_leaves_no_client_id() {
    up(ussd(false), async |w| {
        let answer = ask(w, "ussd", json!({"text": "*100#"})).await.unwrap();
        assert_eq!((&answer["state"], &answer["text"]), (&json!("done"), &json!("Balance: 3 EUR")));
        assert_eq!(w.modem.clients_of(Service::Voice), 0, "the dialogue is over");
        let menu = ask(w, "ussd", json!({"text": "*101#"})).await.unwrap();
        assert_eq!((&menu["state"], &menu["text"]), (&json!("asks"), &json!("Меню: 1")));
        assert_eq!(w.modem.clients_of(Service::Voice), 1, "the network waits for an answer");
        let answer = ask(w, "ussd", json!({"action": "continue", "text": "1"})).await.unwrap();
        assert_eq!((&answer["state"], &answer["text"]), (&json!("done"), &json!("Done")));
        let (_, data) = ask(w, "ussd", json!({"text": "*999#"})).await.unwrap_err();
        assert!(data["error"].as_str().unwrap().contains("cause 135"), "{data}");
        let (status, _) = ask(w, "ussd", json!({"action": "continue", "text": "1"})).await.unwrap_err();
        assert_eq!(status, Status::InvalidCommand);
        assert_eq!(ask(w, "ussd", json!({"action": "cancel"})).await.unwrap()["state"], "ended");
        w.settle().await;
        assert_eq!(w.modem.clients_of(Service::Voice), 0);
    });
}

#[test]
fn a_modem_that_answers_when_the_network_has_answered_is_understood() {
    up(ussd(true), async |w| {
        let answer = ask(w, "ussd", json!({"text": "*100#"})).await.unwrap();
        assert_eq!((&answer["state"], &answer["text"]), (&json!("done"), &json!("Balance: 3 EUR")));
        let (_, data) = ask(w, "ussd", json!({"text": "*999#"})).await.unwrap_err();
        assert!(data["error"].as_str().unwrap().contains("cause 135"), "{data}");
        w.settle().await;
        assert_eq!(w.modem.clients_of(Service::Voice), 0);
    });
}

#[test]
fn who_waits_for_the_network_is_told_when_another_cancels() {
    let mut setup = ussd(false);
    setup.base.network.sends_after = 2 * MINUTE;
    up(setup, async |w| {
        let cancel = async {
            w.pass(5).await;
            let second = ask(w, "ussd", json!({"text": "*100#"})).await.unwrap_err();
            assert!(second.1["error"].as_str().unwrap().contains("busy"), "{second:?}");
            ask(w, "ussd", json!({"action": "cancel"})).await
        };
        let (first, cancelled) = tokio::join!(ask(w, "ussd", json!({"text": "*101#"})), cancel);
        assert_eq!(
            (&first.unwrap()["state"], &cancelled.unwrap()["state"]),
            (&json!("ended"), &json!("ended"))
        );
    });
}

#[test]
fn a_modem_without_messages_says_so_and_is_up_all_the_same() {
    up(Setup { has_messages: false, ..Setup::default() }, async |w| {
        for (method, arguments) in [("ussd", json!({"text": "*100#"})), ("sms_list", json!({}))] {
            assert_eq!(ask(w, method, arguments).await.unwrap_err().0, Status::NotSupported, "{method}");
        }
    });
}
