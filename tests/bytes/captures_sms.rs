//! The SMS codec against recorded and reference-encoded messages: what they mean, byte for
//! byte the other way, and every cut and flip.

use crate::vectors;

use uwand::sms::address::Address;
use uwand::sms::body::{Body, Content};
use uwand::sms::coding::Coding;
use uwand::sms::pdu::{Deliver, Pdu, Submit, Tpdu};
use uwand::sms::time::{Moment, Timestamp, Validity};
use uwand::wire::{Malformed, Reader};
use vectors::{bytes, every_mutation, load, text};

use uwand::json::Value;

/// Records that carry a message of 3GPP: no cell broadcast page, no CDMA, and no half octet
/// (two logs that were cut).
fn messages() -> Vec<Value> {
    let mut records = load("sms/pdus.json");
    records.retain(|record| matches!(text(record, "layout"), "smsc+tpdu" | "tpdu"));
    records.retain(|record| text(record, "hex").len() % 2 == 0);
    records
}

fn parse(record: &Value) -> Result<Pdu, Malformed> {
    let bytes = bytes(record, "hex");
    // The record's "tpdu" has an empty centre in front all the same.
    if text(record, "layout") == "tpdu" && text(record, "id") != "ofono-simple_submit" {
        return Tpdu::parse(&bytes).map(|tpdu| Pdu { centre: None, tpdu });
    }
    Pdu::parse(&bytes)
}

/// Recorded as well-formed, and refused by us: why.
const REFUSED: &[(&str, &str)] = &[
    ("gammu-at-sms-20-10", "a header longer than the message, behind a centre with a wrong length"),
    ("gammu-at-sms-41-10", "two octets short of its announced septets"),
];

#[test]
fn well_formed_messages_are_read_and_malformed_ones_refused() {
    let (mut read, mut refused) = (0, 0);
    for record in messages() {
        let id = text(&record, "id");
        let excepted = REFUSED.iter().any(|(known, _)| *known == id);
        let well_formed = text(&record, "kind") == "well-formed" && !excepted;
        let parsed = parse(&record);
        assert_eq!(parsed.is_ok(), well_formed, "{id}: {parsed:?}");
        *(if well_formed { &mut read } else { &mut refused }) += 1;
    }
    println!("messages read: {read}, refused: {refused}");
}

fn shown_time(tpdu: &Tpdu) -> Option<Moment> {
    match tpdu {
        Tpdu::Deliver(deliver) => deliver.time.moment(),
        Tpdu::StatusReport(report) => report.time.moment(),
        Tpdu::Submit(_) => None,
    }
}

/// `2011-02-28T11:50:50-05` or `…Z`, as the reference prints it.
fn same_time(expected: &str, moment: &Moment) -> bool {
    let ours = moment.iso();
    expected.replace('Z', "+00") == ours.strip_suffix(":00").unwrap_or(&ours)
}

#[test]
fn recorded_messages_mean_what_modemmanager_says() {
    let mut checked = 0;
    for record in messages() {
        let (id, meaning) = (text(&record, "id"), &record["meaning"]);
        if meaning.get("number").is_none() {
            continue;
        }
        let pdu = parse(&record).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(pdu.centre.as_ref().map(|a| a.text.reveal()), meaning["smsc"].as_str(), "{id}");
        assert_eq!(Some(pdu.tpdu.peer().text.reveal()), meaning["number"].as_str(), "{id}");
        if let Some(expected) = meaning["timestamp"].as_str() {
            let moment = shown_time(&pdu.tpdu).unwrap_or_else(|| panic!("{id}: no date"));
            assert!(same_time(expected, &moment), "{id}: {expected} {}", moment.iso());
        }
        let body = pdu.tpdu.body();
        if let Some(multipart) = meaning["multipart"].as_bool() {
            assert_eq!(body.is_some_and(|body| body.concat().is_some()), multipart, "{id}");
        }
        if let Some(expected) = meaning["text"].as_str() {
            assert_eq!(body.and_then(|body| body.content.as_text()), Some(expected), "{id}");
        }
        if meaning["data"].is_string() {
            let data = bytes(meaning, "data");
            assert_eq!(body.map(|body| &body.content), Some(&Content::Data(data)), "{id}");
        }
        checked += 1;
    }
    println!("meanings of ModemManager checked: {checked}");
}

/// Where libgammu says something else, and why we don't.
const NOT_AS_GAMMU: &[(&str, &str, &str)] = &[
    ("mm-pdu1", "text", "it reads on behind an escape"),
    ("ofono-sms_charset_default_ext", "text", "it reads on behind an escape"),
    ("ofono-sms_charset_turkey_ext", "text", "it reads on behind an escape"),
    ("ofono-sms_charset_portugal_ext", "text", "unknown extensions: 23.038 wants the basic character alone"),
    ("ofono-sms_charset_spain", "text", "unknown extensions: 23.038 wants the basic character alone"),
    ("ofono-sms_charset_default", "number", "it takes the filler for a digit"),
    ("ofono-sms_charset_default_ext", "number", "it takes the filler for a digit"),
    ("ofono-sms_charset_turkey_ext", "number", "it takes the filler for a digit"),
    ("ofono-sms_charset_portugal_ext", "number", "it takes the filler for a digit"),
    ("ofono-sms_charset_spain", "number", "it takes the filler for a digit"),
    ("ofono-unicode_deliver", "number", "it shows a name's septets as ASCII"),
    ("gammu-at-sms-04-10", "number", "it shows a name's septets as ASCII"),
    ("gammu-at-sms-09-10", "time", "the year 99: its own arithmetic makes 2089 of it"),
];

fn not_as_gammu(id: &str, what: &str) -> bool {
    NOT_AS_GAMMU.iter().any(|(known, field, _)| *known == id && *field == what)
}

#[test]
fn recorded_messages_mean_what_gammu_says() {
    let mut checked = 0;
    let mut found = Vec::new();
    for record in messages().into_iter().chain(load("sms/pdus-gammu-submit-encode.json")) {
        let (id, gammu) = (text(&record, "id"), &record["meaning_gammu"]);
        let (Ok(pdu), true) = (parse(&record), gammu.get("Number").is_some()) else { continue };
        let mut compare = |what: &str, ours: Option<&str>, theirs: &str| {
            if ours.unwrap_or_default() != theirs && !not_as_gammu(id, what) {
                found.push(format!("{id}: {what}: ours {ours:?}, gammu {theirs:?}"));
            }
        };
        let tpdu = &pdu.tpdu;
        compare("number", Some(tpdu.peer().text.reveal()), text(gammu, "Number"));
        compare("centre", pdu.centre.as_ref().map(|a| a.text.reveal()), text(&gammu["SMSC"], "Number"));
        if let (Tpdu::Deliver(_) | Tpdu::Submit(_), Some(expected)) = (tpdu, gammu["Text"].as_str()) {
            compare("text", tpdu.body().and_then(|body| body.content.as_text()), expected);
        }
        if let (Some(moment), Some(expected)) = (shown_time(tpdu), gammu["DateTime"].as_str()) {
            compare("time", moment.iso().get(..19), expected);
        }
        checked += 1;
    }
    println!("meanings of libgammu checked: {checked}, {} fields excepted", NOT_AS_GAMMU.len());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// What comes out otherwise than it went in, and why.
const NOT_CANONICAL: &[(&str, &str)] = &[
    ("mm-pdu_multipart-hexpdu1", "the bit that fills the header up is 1"),
    ("mm-pdu_multipart-hexpdu2", "the bit that fills the header up is 1"),
    ("gammu-at-sms-02-10", "the bit behind the last septet is 1"),
    ("ofono-sms_charset_default", "the filler of the number is 1 instead of F"),
    ("ofono-sms_charset_default_ext", "the filler of the number is 1 instead of F"),
    ("ofono-sms_charset_turkey_ext", "the filler of the number is 1 instead of F"),
    ("ofono-sms_charset_portugal_ext", "unknown extensions, which show as basic characters"),
    ("ofono-sms_charset_spain", "unknown extensions, which show as basic characters"),
    ("gammu-at-sms-14-10", "UCS-2 sent as GSM-7, with escapes that mean nothing"),
    ("gammu-at-sms-19-10", "a header of no elements"),
    ("gammu-at-sms-32-10", "padding of the store"),
    ("gammu-at-sms-36-10", "padding of the store"),
    ("gammu-at-sms-39-11", "padding of the store"),
];

#[test]
fn recorded_messages_come_out_as_they_went_in() {
    let mut same = 0;
    let mut found = Vec::new();
    for record in messages().into_iter().chain(load("sms/pdus-gammu-submit-encode.json")) {
        let id = text(&record, "id");
        let Ok(pdu) = parse(&record) else { continue };
        if NOT_CANONICAL.iter().any(|(known, _)| *known == id) {
            continue;
        }
        let original = bytes(&record, "hex");
        let encoded = match pdu.centre {
            None if original.first() != Some(&0) => pdu.tpdu.encode(),
            _ => pdu.encode().map(|(bytes, _)| bytes),
        };
        match encoded {
            Ok(encoded) if encoded == original => same += 1,
            Ok(encoded) => found.push(format!("{id}:\n  {}\n  {}", hex(&original), hex(&encoded))),
            Err(error) => found.push(format!("{id}: {error}")),
        }
    }
    println!("came out as they went in: {same}, {} excepted", NOT_CANONICAL.len());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The message that the reference encoder was given, built from its input.
fn built(record: &Value) -> Pdu {
    let input = &record["meaning"]["from_backup"];
    let address = |key| Address::new(text(input, key)).expect("an address");
    // The encoder writes accented letters of the input without accents, and cuts the text.
    let content = Content::text(text(&record["meaning_gammu"], "Text"));
    let coding = if text(input, "Coding") == "Unicode" { Coding::UCS2 } else { Coding::GSM7 };
    let body = Body { coding, header: Vec::new(), content };
    let tpdu = if text(record, "tp_mti") == "SMS-DELIVER" {
        Tpdu::Deliver(Deliver {
            from: address("Number"),
            protocol: 0,
            time: backup_time(),
            body,
            more: true,
            report: false,
            reply_path: false,
        })
    } else {
        Tpdu::Submit(Submit {
            reference: 0,
            to: address("Number"),
            protocol: 0,
            validity: Validity::minutes(u32::MAX),
            body,
            reject_duplicates: false,
            report: false,
            reply_path: false,
        })
    };
    Pdu { centre: Some(address("SMSC")), tpdu }
}

/// The date of the whole backup file.
fn backup_time() -> Timestamp {
    let moment = Moment { year: 2007, month: 6, day: 5, hour: 13, minute: 56, second: 30, quarters: 0 };
    moment.into()
}

#[test]
fn what_gammu_encodes_is_encoded_to_the_same_bytes() {
    let records = load("sms/pdus-gammu-submit-encode.json");
    for record in &records {
        let (bytes_out, octets) = built(record).encode().expect("fits");
        let original = bytes(record, "hex");
        assert_eq!(hex(&bytes_out), hex(&original), "{}", text(record, "id"));
        assert!(octets < original.len());
    }
    println!("encoded as libgammu does: {}", records.len());
}

#[test]
fn addresses_are_encoded_as_recorded() {
    for record in load("sms/pdus.json").iter().filter(|record| text(record, "layout") == "address") {
        let number = record["meaning"]["args"][0].as_str().expect("a number");
        let address = Address::new(number).expect("a number");
        let mut out = Vec::new();
        match record["meaning"]["args"][1].as_bool() {
            Some(true) => Address::write_centre(Some(&address), &mut out).expect("fits"),
            _ => address.write(&mut out).expect("fits"),
        }
        assert_eq!(out, bytes(record, "hex"), "{}", text(record, "id"));
    }
}

#[test]
fn no_cut_and_no_flip_of_a_recorded_message_is_a_panic() {
    let mut tried = 0u32;
    let everything = load("sms/pdus.json").into_iter().chain(load("sms/pdus-gammu-submit-encode.json"));
    for record in everything {
        let digits = text(&record, "hex");
        let even = digits.len() / 2 * 2;
        every_mutation(&vectors::hex(&digits[..even]), |mutation| {
            tried += 1;
            if let Ok(pdu) = Pdu::parse(mutation) {
                // What is read is also written, or refused.
                let _written = pdu.encode();
            }
            let _message = Tpdu::parse(mutation);
            let _address = Address::read(&mut Reader::new(mutation));
        });
    }
    println!("mutations tried: {tried}");
}
