//! Outages over power cuts, reboots and clocks that jump.

use super::*;

const BEGIN: i64 = 1_795_000_000;

fn at(at: i64) -> Moment {
    Moment::new(1, at, 0)
}

/// With a clock that is set: the boot was at `BEGIN`.
fn set(at: i64) -> Moment {
    Moment::new(1, at, BEGIN + at)
}

fn stall() -> Diagnosis {
    Diagnosis { fault: Fault::NoTraffic, evidence: vec!["3 of 3 targets are silent".into()] }
}

fn one(journal: &Journal, now: Moment) -> Value {
    journal.reply(now, None, 10)["outages"][0].clone()
}

fn mended() -> Journal {
    let mut journal = Journal::default();
    journal.begin(set(100), "wan", 7);
    journal.diagnosed("wan", &stall());
    journal.place(
        "wan",
        &json!({"technology": "lte", "pci": 42, "imsi": "262011234567890"}),
        &json!({"rsrp": -95}),
    );
    journal.tried(set(101), "wan", Rung::Renew, "the settings may be stale");
    journal.judged("wan", false);
    journal.tried(set(103), "wan", Rung::Reconnect, "no packet comes back");
    journal.end(set(110), "wan", Some(Rung::Reconnect));
    journal
}

#[test]
fn an_outage_is_told_from_its_begin_to_its_cure() {
    let expected = json!({
        "interface": "wan", "begin": BEGIN + 100, "end": BEGIN + 110, "ago": 100, "seconds": 10, "open": false,
        "fault": "no_traffic", "text": Fault::NoTraffic.text(), "evidence": ["3 of 3 targets are silent"],
        "cell": {"technology": "lte", "pci": 42}, "signal": {"rsrp": -95},
        "rungs": [
            {"rung": "renew", "after": 1, "why": "the settings may be stale", "at": BEGIN + 101, "worked": false},
            {"rung": "reconnect", "after": 3, "why": "no packet comes back", "at": BEGIN + 103, "worked": true},
        ],
        "cured_by": "reconnect", "traffic_lost_s": 17,
    });
    assert_eq!(one(&mended(), set(200)), expected);
}

#[test]
fn the_journal_comes_back_from_its_file_as_it_was() {
    let journal = mended();
    let (again, lost) = Journal::read(journal.text(set(120)).as_bytes());
    assert_eq!(lost, 0);
    assert_eq!(one(&again, set(200)), one(&journal, set(200)));
    assert_eq!(again.last_cure("wan"), Some(Rung::Reconnect));
    assert_eq!(again.text(set(120)), journal.text(set(120)));
}

#[test]
fn a_file_torn_anywhere_keeps_every_whole_line() {
    let mut journal = mended();
    journal.begin(set(300), "wan", 0);
    journal.end(set(305), "wan", None);
    let text = journal.text(set(400));
    for cut in 0..text.len() {
        let (kept, _) = Journal::read(&text.as_bytes()[..cut]);
        let whole = text[..cut].matches("}\n").count();
        let count = kept.outages.len();
        // The very last byte is a newline, without which the line is whole as well.
        assert!(count == whole || (count == whole + 1 && text[..cut].ends_with('}')), "cut at {cut}");
    }
}

#[test]
fn a_flipped_bit_costs_its_line_and_no_other() {
    let mut journal = mended();
    journal.begin(set(300), "wan", 0);
    journal.end(set(305), "wan", None);
    let text = journal.text(set(400)).into_bytes();
    let first_line = HEAD.len() + 1;
    // A newline that is lost joins two lines, which costs both.
    for place in (first_line..text.len()).filter(|place| text[*place] != b'\n') {
        let mut bad = text.clone();
        bad[place] ^= 0x10;
        let (kept, _) = Journal::read(&bad);
        assert!(kept.outages.len() <= 2 && !kept.outages.is_empty(), "bit at {place}");
    }
}

#[test]
fn foreign_files_and_words_of_later_versions_do_no_harm() {
    for foreign in
        [&b""[..], b"\xff\xfe\x00", b"{\"outages\":[]}", b"00000000 {}", b"x y\nz", &[b'a'; 100_000]]
    {
        assert!(Journal::read(foreign).0.outages.is_empty());
    }
    let line = |json: Value| format!("{:08x} {json}\n", crc32(json.to_string().as_bytes()));
    let later = json!({"interface": "wan", "boot": 1, "at": 5, "seconds": 9, "fault": "sunspots", "mood": [1],
        "rungs": [{"rung": "prayer", "after": 1, "why": "x"}, {"rung": "reset", "after": 2, "why": "y"}]});
    let hostile =
        json!({"interface": "wan", "boot": 1, "at": i64::MIN, "seconds": i64::MAX, "begin": i64::MAX});
    let bad = json!({"interface": "wan", "boot": "1", "at": 5, "seconds": 9});
    let text = format!("uwand outages 2\n{}{}{}", line(later), line(hostile), line(bad));
    let (journal, lost) = Journal::read(text.as_bytes());
    assert_eq!((journal.outages.len(), lost), (2, 1));
    let shown = journal.reply(at(100), None, 10);
    assert_eq!(shown["outages"][1]["rungs"], json!([{"rung": "reset", "after": 2, "why": "y"}]));
    assert_eq!(shown["outages"][1].get("fault"), None);
}

#[test]
fn a_clock_that_jumps_in_the_middle_moves_the_date_and_not_the_duration() {
    let mut journal = Journal::default();
    journal.begin(at(20), "wan", 0);
    assert_eq!(one(&journal, at(25)).get("begin"), None);
    assert_eq!(one(&journal, at(25))["ago"], 5);
    journal.end(set(50), "wan", None);
    let shown = one(&journal, set(60));
    assert_eq!(
        (&shown["begin"], &shown["end"], &shown["seconds"]),
        (&json!(BEGIN + 20), &json!(BEGIN + 50), &json!(30))
    );
    // A battery clock that was a day behind: the date that holds is the latest.
    let later = Moment::new(1, 60, BEGIN + 60 + 86_400);
    assert_eq!(one(&journal, later)["begin"], BEGIN + 86_420);
}

#[test]
fn a_clock_that_is_set_later_is_worth_a_write() {
    let mut journal = Journal::default();
    journal.begin(at(20), "wan", 0);
    journal.end(at(30), "wan", None);
    assert_eq!(journal.due(at(30)), Some(30));
    journal.written(at(30));
    assert_eq!(journal.due(at(40)), None);
    assert_eq!(journal.due(set(50)), Some(630));
    journal.written(set(630));
    assert_eq!(journal.due(set(700)), None);
}

#[test]
fn an_outage_lasts_over_the_daemons_restart() {
    let mut journal = Journal::default();
    journal.begin(at(100), "wan", 0);
    journal.tried(at(101), "wan", Rung::Reset, "deaf");
    let (mut again, _) = Journal::read(journal.text(at(110)).as_bytes());
    assert!(again.is_open("wan"));
    again.end(at(130), "wan", Some(Rung::Reset));
    assert_eq!(one(&again, at(140))["seconds"], 30);
    assert_eq!(one(&again, at(140))["rungs"][0]["worked"], true);
}

#[test]
fn a_reboot_that_cured_it_is_told_as_the_cure() {
    let mut journal = Journal::default();
    journal.begin(set(100), "wan", 0);
    journal.tried(set(200), "wan", Rung::Reboot, "nothing else helped");
    let text = journal.text(set(200));
    let (mut again, _) = Journal::read(text.as_bytes());
    // The router was away for 40 s, and boots without a clock.
    let dark = Moment::new(2, 30, 0);
    assert_eq!(one(&again, dark)["seconds"], 130);
    assert_eq!(one(&again, dark).get("ago"), None);
    let lit = Moment::new(2, 35, BEGIN + 275);
    again.end(lit, "wan", Some(Rung::Reboot));
    let shown = one(&again, lit);
    assert_eq!(
        (&shown["begin"], &shown["seconds"], &shown["ago"]),
        (&json!(BEGIN + 100), &json!(175), &json!(175))
    );
    assert_eq!(shown["cured_by"], "reboot");
}

#[test]
fn it_is_written_at_the_end_of_an_outage_and_else_every_ten_minutes() {
    let mut journal = Journal::default();
    assert_eq!(journal.due(at(5)), None);
    journal.begin(at(10), "wan", 0);
    assert_eq!(journal.due(at(10)), Some(10));
    journal.written(at(10));
    journal.tried(at(20), "wan", Rung::Reconnect, "x");
    assert_eq!(journal.due(at(20)), Some(610));
    journal.end(at(25), "wan", Some(Rung::Reconnect));
    assert_eq!(journal.due(at(25)), Some(25));
    journal.written(at(25));
    assert_eq!(journal.due(at(25)), None);
}

#[test]
fn a_flapping_link_does_not_wear_the_flash_out() {
    let mut journal = Journal::default();
    let mut writes = 0;
    for minute in 0..24 * 60 {
        let now = |seconds: i64| at(minute * 60 + seconds);
        journal.begin(now(0), "wan", 0);
        for moment in [now(0), now(20)] {
            if moment == now(20) {
                journal.end(now(20), "wan", None);
            }
            if journal.due(moment).is_some_and(|due| due <= moment.at) {
                journal.written(moment);
                writes += 1;
            }
        }
    }
    assert!((144..=24 * 7).contains(&writes), "{writes} writes a day");
    assert_eq!(journal.counts()[0]["outages"], 1440);
}

#[test]
fn the_ring_is_bounded_whatever_it_is_told() {
    let mut journal = Journal::default();
    for number in 0..200 {
        journal.begin(set(number * 10), "wan", 0);
        let evidence = vec!["x".repeat(5000); 100];
        journal.diagnosed("wan", &Diagnosis { fault: Fault::NoTraffic, evidence });
        for _ in 0..30 {
            journal.tried(set(number * 10), "wan", Rung::Reconnect, &"\u{1f4a9}".repeat(5000));
        }
        journal.end(set(number * 10 + 5), "wan", None);
    }
    let size = journal.text(set(30_000)).len();
    assert!((64 * 1024..=256 * 1024).contains(&size), "{size} bytes");
    // The newest are those that are kept.
    assert_eq!(one(&journal, set(30_000))["begin"], BEGIN + 1990);
}

#[test]
fn no_identity_goes_to_flash() {
    let mut journal = Journal::default();
    journal.begin(set(1), "wan", 0);
    let evidence = vec!["SIM 8949012345678901234 of 262011234567890 is gone\u{1b}[2J".into()];
    journal.diagnosed("wan", &Diagnosis { fault: Fault::Sim, evidence });
    let text = journal.text(set(2));
    assert!(text.contains("SIM *** of *** is gone?[2J"), "{text}");
}
