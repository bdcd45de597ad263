//! Messages and USSD while the daemon runs. Each test is a sentence, under the virtual clock.

use crate::sim;

use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Network, Setup};
use sim::world::{MINUTE, SECOND, World};
use uwand::mbim::Status as MbimStatus;
use uwand::mbim::messages::enums::{SmsFormat, UssdResponse};
use uwand::mbim::messages::sms::{SendSms, SetSmsConfiguration};
use uwand::sms::address::Address;
use uwand::sms::compose::{Options, compose};
use uwand::sms::pdu::{Deliver, Pdu, StatusReport, Tpdu};
use uwand::sms::time::Timestamp;
use uwand::ubus::{Error, Event, Events, Status};

use uwand::json::{Value, json};

const LONG: Duration = Duration::from_secs(700);
const FROM: &str = "+15550100018";
const TIME: Timestamp = Timestamp([0x62, 0x11, 0x02, 0x21, 0x43, 0x65, 0x40]);

async fn ask(w: &World, method: &str, arguments: Value) -> Result<Value, (Status, Value)> {
    w.bus.invoke("uwand", method, &arguments, LONG).await.map_err(|error| match error {
        Error::Refused { status, data } => (status, data),
        other => panic!("{method}: {other}"),
    })
}

fn up(setup: Setup, scenario: impl AsyncFnOnce(&World)) {
    World::run(setup, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        w.settle().await;
        scenario(w).await;
    });
}

/// The PDUs of a message that comes, one a part.
fn coming(text: &str, reference: u8, class: Option<u8>) -> Vec<Vec<u8>> {
    let options = Options { reference, class, ..Options::default() };
    let parts = compose(FROM, text, &options).unwrap().into_iter();
    parts
        .map(|part| {
            let from = Address::new(FROM).unwrap();
            let (more, report, reply_path) = (false, false, false);
            let deliver =
                Deliver { from, protocol: 0, time: TIME, body: part.body, more, report, reply_path };
            Pdu { centre: None, tpdu: Tpdu::Deliver(deliver) }.encode().unwrap().0
        })
        .collect()
}

async fn event(events: &mut Events) -> Event {
    tokio::time::timeout(MINUTE, events.recv()).await.expect("an event")
}

#[test]
fn a_message_that_comes_is_told_and_listed() {
    up(Setup::default(), async |w| {
        let mut events = w.bus.listen("uwand.sms");
        w.settle().await;
        w.modem.deliver(coming("Grüße, 5 € ✓", 1, None).remove(0));
        let told = event(&mut events).await;
        assert_eq!((&told.data["from"], &told.data["text"]), (&json!(FROM), &json!("Grüße, 5 € ✓")));
        assert_eq!((&told.data["modem"], &told.data["ids"]), (&json!("1-1.2"), &json!([1])));
        let list = ask(w, "sms_list", json!({})).await.unwrap();
        assert_eq!(list["messages"][0]["text"], "Grüße, 5 € ✓");
        assert_eq!(list["messages"][0]["kind"], "received");
    });
}

#[test]
fn a_long_message_is_told_once_and_deleted_whole() {
    up(Setup::default(), async |w| {
        let mut events = w.bus.listen("uwand.sms");
        w.settle().await;
        let text = "0123456789".repeat(40);
        coming(&text, 9, None).into_iter().rev().for_each(|pdu| w.modem.deliver(pdu));
        let told = event(&mut events).await;
        assert_eq!((&told.data["text"], &told.data["parts"]), (&json!(text), &json!(3)));
        assert_eq!(w.modem.stored(), [1, 2, 3]);
        let list = ask(w, "sms_list", json!({})).await.unwrap();
        let ids = list["messages"][0]["ids"].clone();
        assert_eq!(ask(w, "sms_delete", json!({ "ids": ids })).await.unwrap()["deleted"], ids);
        assert!(w.modem.stored().is_empty());
        let (status, data) = ask(w, "sms_delete", json!({ "ids": [7] })).await.unwrap_err();
        assert_eq!(status, Status::InvalidArgument);
        assert!(data["error"].as_str().unwrap().contains("no message 7"), "{data}");
    });
}

#[test]
fn a_message_of_class_0_is_told_though_it_is_not_stored() {
    up(Setup::default(), async |w| {
        let mut events = w.bus.listen("uwand.sms");
        w.settle().await;
        w.modem.flash(coming("now", 1, Some(0)).remove(0));
        let told = event(&mut events).await;
        assert_eq!((&told.data["text"], &told.data["class"]), (&json!("now"), &json!(0)));
    });
}

#[test]
fn a_message_goes_in_parts_that_the_other_end_can_join_and_its_report_is_told() {
    up(Setup { sms_format: SmsFormat::Cdma, ..Setup::default() }, async |w| {
        let mut events = w.bus.listen("uwand.sms");
        w.settle().await;
        let text = "x".repeat(200);
        let arguments = json!({"number": FROM, "text": text, "report": true});
        let sent = ask(w, "sms_send", arguments).await.unwrap();
        assert_eq!((&sent["parts"], &sent["references"]), (&json!(2), &json!([1, 2])));
        // A modem that had it otherwise is told once to speak PDU.
        assert_eq!(w.modem.count_of_set::<SetSmsConfiguration>(), 1);
        let parts: Vec<Pdu> = w.modem.sent().iter().map(|pdu| Pdu::parse(pdu).unwrap()).collect();
        let Tpdu::Submit(last) = &parts[1].tpdu else { panic!("a submit") };
        assert_eq!((last.to.text.reveal(), last.report), (FROM, true));
        assert_eq!(last.body.concat().map(|concat| (concat.part, concat.total)), Some((2, 2)));
        let report = StatusReport {
            reference: 2,
            to: Address::new(FROM).unwrap(),
            time: TIME,
            discharged: TIME,
            status: 0,
            more: false,
            of_command: false,
            body: None,
        };
        w.modem.deliver(Pdu { centre: None, tpdu: Tpdu::StatusReport(report) }.encode().unwrap().0);
        let told = event(&mut events).await;
        assert_eq!((&told.data["kind"], &told.data["delivery"]), (&json!("report"), &json!("delivered")));
        assert_eq!(told.data["reference"], 2);
    });
}

#[test]
fn a_part_that_is_refused_ends_the_message_and_says_how_far_it_came() {
    up(Setup::default(), async |w| {
        let refuse = Effect::Refuse(MbimStatus::SmsNetworkTimeout);
        w.modem.fault(Fault::new(On::set::<SendSms>(), refuse).after(1));
        let long = json!({"number": FROM, "text": "x".repeat(400)});
        let (_, data) = ask(w, "sms_send", long).await.unwrap_err();
        assert_eq!((&data["sent"], &data["parts"]), (&json!(1), &json!(3)));
        assert!(data["error"].as_str().unwrap().contains("time-out"), "{data}");
        for wrong in [json!({"text": "x"}), json!({"number": FROM}), json!({"number": "Bank", "text": "x"})] {
            assert_eq!(ask(w, "sms_send", wrong).await.unwrap_err().0, Status::InvalidArgument);
        }
    });
}

fn ussd(indicated: bool) -> Setup {
    let ussd = vec![
        ("*100#".to_string(), UssdResponse::NoActionRequired, "Guthaben: 5,00 €".to_string()),
        ("*101#".to_string(), UssdResponse::ActionRequired, "1 ja\n2 nein".to_string()),
        ("1".to_string(), UssdResponse::NoActionRequired, "danke".to_string()),
    ];
    Setup { network: Network { ussd, ussd_indicated: indicated, ..Network::default() }, ..Setup::default() }
}

#[test]
fn a_code_is_answered_and_a_menu_goes_on() {
    up(ussd(false), async |w| {
        let answer = ask(w, "ussd", json!({"text": "*100#"})).await.unwrap();
        assert_eq!(answer, json!({"modem": "1-1.2", "state": "done", "text": "Guthaben: 5,00 €"}));
        let menu = ask(w, "ussd", json!({"text": "*101#"})).await.unwrap();
        assert_eq!(menu["state"], "asks");
        let answer = ask(w, "ussd", json!({"action": "continue", "text": "1"})).await.unwrap();
        assert_eq!((&answer["state"], &answer["text"]), (&json!("done"), &json!("danke")));
        let (_, data) = ask(w, "ussd", json!({"text": "*999#"})).await.unwrap_err();
        assert!(data["error"].as_str().unwrap().contains("does not know this code"), "{data}");
        assert_eq!(ask(w, "ussd", json!({"action": "cancel"})).await.unwrap()["state"], "ended");
        assert_eq!(ask(w, "ussd", json!({})).await.unwrap_err().0, Status::InvalidArgument);
    });
}

#[test]
fn an_answer_that_comes_later_is_waited_for() {
    up(ussd(true), async |w| {
        let answer = ask(w, "ussd", json!({"text": "*100#"})).await.unwrap();
        assert_eq!(answer["text"], "Guthaben: 5,00 €");
    });
}

#[test]
fn a_cancel_passes_a_request_that_still_waits() {
    let network = Network { sends_after: 2 * MINUTE, ..ussd(false).network };
    up(Setup { network, ..Setup::default() }, async |w| {
        let cancel = async {
            tokio::time::sleep(SECOND).await;
            let second = ask(w, "ussd", json!({"text": "*100#"})).await.unwrap_err();
            assert!(second.1["error"].as_str().unwrap().contains("busy"));
            ask(w, "ussd", json!({"action": "cancel"})).await
        };
        let (first, cancelled) = tokio::join!(ask(w, "ussd", json!({"text": "*101#"})), cancel);
        assert_eq!(cancelled.unwrap()["state"], "ended");
        assert!(first.is_ok());
    });
}
