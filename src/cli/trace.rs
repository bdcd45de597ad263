//! `uwand trace`: control messages as they pass, in words, as JSON or as a capture.
//!
//! Contract: ends with 0 on SIGINT, SIGTERM and when nobody reads its output any more; with 1
//! when the daemon goes away. The daemon forgets us 15 s after our last word.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::args::Request;
use super::show::text;
use super::text::harmless_lines;
use super::{Failure, bus, chosen_modem, output, pcap, until_told};
use crate::civil::Civil;
use crate::few::Listed;
use crate::globals::Globals;
use crate::json::{Map, Value};
use crate::linux::signals::Signal;
use crate::linux::tty;
use crate::task::{sleep_until, timeout};
use crate::ubus::{Client, Notice, Source};

/// The daemon gives 15 s.
const AGAIN: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(1);

/// Where it goes, and as what.
enum Out {
    Lines { hex: bool },
    Json,
    Pcap { file: Box<dyn Write>, id: u64 },
}

pub fn run(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let mut arguments = Map::new();
    if request.interface.is_some() || request.modem.is_some() {
        arguments.insert("modem".to_string(), Value::from(chosen_modem(globals, request)?));
    }
    let arguments = Value::Object(arguments);
    let mut out = Out::new(request)?;
    let work = Box::pin(follow(globals, &arguments, &mut out));
    until_told(&[Signal::SIGINT, Signal::SIGTERM], work)
}

async fn follow(globals: &Globals, arguments: &Value, out: &mut Out) -> Result<(), Failure> {
    let client = Client::start(Source::Paths(globals.ubus_sockets.clone()));
    let _ = timeout(PATIENCE, client.connected()).await;
    let mut daemon = client.subscribe(bus::OBJECT);
    let mut again = Instant::now();
    let only = text(arguments, "modem");
    loop {
        tokio::select! {
            biased;
            () = sleep_until(again) => {
                again += AGAIN;
                let asked = client.invoke(bus::OBJECT, "trace", arguments, bus::LIMIT).await;
                asked.map_err(|error| bus::explained(&error, "trace", &globals.ubus_sockets))?;
            }
            notice = daemon.recv() => match notice {
                Notice::Message { kind, data } if kind == "trace" => {
                    if only.is_none() || only == text(&data, "modem") {
                        out.show(&data)?;
                    }
                }
                Notice::Attached | Notice::Message { .. } => {}
                Notice::Lost => return Err("the daemon went away".to_string().into()),
            }
        }
    }
}

impl Out {
    fn new(request: &Request) -> Result<Out, Failure> {
        let arguments = &request.arguments.0;
        let Some(path) = arguments.get("pcap").and_then(Value::as_str) else {
            let hex = arguments.contains_key("hex");
            return Ok(if request.json { Out::Json } else { Out::Lines { hex } });
        };
        let mut file: Box<dyn Write> = match path {
            "-" => Box::new(tty::output()?),
            path => Box::new(File::create(path).map_err(|error| format!("cannot write to {path}: {error}"))?),
        };
        file.write_all(&pcap::begin(now()))?;
        file.flush()?;
        Ok(Out::Pcap { file, id: 1 })
    }

    fn show(&mut self, data: &Value) -> Result<(), Failure> {
        match self {
            Out::Lines { hex } => output::print(&lines(data, *hex))?,
            Out::Json => output::print(&output::line(data))?,
            Out::Pcap { file, id } => {
                *id = id.saturating_add(1);
                let is_qmi = text(data, "control").as_deref() == Some("qmi");
                let device = if is_qmi { pcap::QMI } else { pcap::MBIM };
                let bytes = pcap::bytes(data.get("hex").and_then(Value::as_str).unwrap_or_default());
                file.write_all(&pcap::message(now(), *id, device, is_to_modem(data), &bytes))?;
                file.flush()?;
            }
        }
        Ok(())
    }
}

fn is_to_modem(data: &Value) -> bool {
    data.get("direction").and_then(Value::as_str) == Some("to-modem")
}

/// `2026-11-20T12:34:56Z 1-1.2 > 7 COMMAND …`, and the bytes in rows of 32.
fn lines(data: &Value, hex: bool) -> String {
    let arrow = if is_to_modem(data) { '>' } else { '<' };
    let modem = text(data, "modem").unwrap_or_default();
    let words = data.get("text").and_then(Value::as_str).unwrap_or_default();
    let words: Vec<String> = harmless_lines(words).listed();
    let mut shown = format!("{} {modem} {arrow} {}\n", Civil::now().iso(), words.join(" "));
    if let Some(count) = text(data, "left_out") {
        shown.insert_str(0, &format!("({count} messages were left out: too many at once)\n"));
    }
    let bytes = data.get("hex").and_then(Value::as_str).filter(|_| hex).unwrap_or_default();
    let digits: Vec<char> = bytes.chars().filter(|c| c.is_ascii_hexdigit() || *c == '*').listed();
    for row in digits.chunks(64) {
        let pairs: Vec<String> = row.chunks(2).map(|pair| pair.iter().collect()).collect();
        shown.push_str(&format!("    {}\n", pairs.join(" ")));
    }
    shown
}

fn now() -> pcap::Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs(), since.subsec_micros())
}
