//! The shape of the source, as far as a test can hold it: which room may use which, what is
//! pure, where `unsafe` may be, how large a file may grow.
//!
//! Why not visibility and crates? A dozen crates would say the same with a dozen manifests;
//! one table here is read in a minute.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and whom it may use; the longest name that fits a module counts. Using oneself
/// and what is inside of oneself needs no word. `*` is everything but `daemon`.
const ARROWS: &[(&str, &[&str])] = &[
    ("words", &[]),
    ("cause", &["words"]),
    ("wire", &[]),
    ("json", &["wire"]),
    ("civil", &[]),
    ("globals", &[]),
    ("logging", &["civil"]),
    ("config", &["json", "cause", "target", "words"]),
    ("target", &[]),
    ("dns", &["wire"]),
    ("device", &["words"]),
    ("link", &["cause", "fault", "words"]),
    ("task", &[]),
    ("queue", &[]),
    ("few", &[]),
    ("fault", &["words"]),
    ("ladder", &["json", "fault", "words"]),
    ("watchdog", &["fault", "target", "words"]),
    ("diagnose", &["cause", "fault", "target", "watchdog", "words"]),
    ("journal", &["json", "cause", "civil", "fault", "words"]),
    ("history", &["json", "words"]),
    ("ledger", &["json", "journal", "linux::files", "task"]),
    ("explain", &["json", "cause", "fault", "words"]),
    ("metrics", &["json", "fault", "words"]),
    ("migrate", &["json", "cause", "config", "uci"]),
    ("doctor", &["json", "config", "device", "journal", "linux", "migrate", "uci", "words"]),
    ("status", &["json", "cause", "fault", "words"]),
    ("bands", &["words"]),
    ("answers", &["words"]),
    ("ussd", &["sms"]),
    ("post", &["json", "answers", "replies", "sms"]),
    ("replies", &["json", "answers", "bands", "status", "words"]),
    ("ubus", &["json", "queue", "task", "wire"]),
    ("ubus::blob", &["json", "wire"]),
    ("ubus::message", &["json", "wire", "ubus::blob"]),
    ("dial", &["words", "answers", "cause", "config"]),
    ("board", &["words", "dial", "task"]),
    ("pin", &["words", "cause"]),
    ("quirks", &[]),
    ("mbim", &["wire"]),
    ("mbim::service", &["wire", "words"]),
    ("mbim::status", &["wire", "words", "cause"]),
    ("mbim::frame", &["wire", "mbim::service", "mbim::status"]),
    ("mbim::fragment", &["wire", "mbim::frame", "mbim::service", "mbim::status"]),
    ("mbim::describe", &["wire", "mbim::messages", "mbim::frame", "mbim::service", "mbim::status"]),
    ("mbim::messages", &["wire", "words", "mbim::frame", "mbim::service", "mbim::status"]),
    (
        "mbim::client",
        &[
            "queue",
            "task",
            "linux::channel",
            "wire",
            "mbim::messages",
            "mbim::fragment",
            "mbim::frame",
            "mbim::service",
            "mbim::status",
        ],
    ),
    (
        "mbim::modem",
        &[
            "queue", "task", "wire", "words", "answers", "ussd", "cause", "dial", "board", "pin", "quirks",
            "mbim",
        ],
    ),
    ("qmi", &["sms::gsm7", "wire", "words"]),
    ("qmi::messages", &["wire", "words", "cause", "qmi"]),
    ("qmi::client", &["queue", "task", "wire", "linux::channel", "qmi"]),
    (
        "qmi::modem",
        &[
            "json", "task", "wire", "words", "answers", "ussd", "cause", "dial", "board", "pin", "quirks",
            "qmi",
        ],
    ),
    ("modem", &["json", "queue", "task", "words", "answers", "cause", "dial", "quirks", "mbim", "qmi"]),
    ("sms", &["wire", "words"]),
    ("uci", &[]),
    ("netifd", &["json", "words", "cause", "config", "globals", "linux::tty", "task", "ubus", "uci"]),
    ("at", &["words", "sms::coding", "sms::gsm7"]),
    ("at::port", &["queue", "task", "words", "linux::channel", "at"]),
    ("linux", &["task", "words", "wire", "device", "target", "dns"]),
    ("at::asked", &["words", "answers", "at"]),
    ("cli", &["json", "words", "civil", "config", "globals", "task", "ubus", "linux::signals", "linux::tty"]),
    ("cli::doctor", &["json", "cli", "doctor", "globals", "ubus"]),
    ("cli::migrate", &["json", "cli", "globals", "linux::run", "linux::sysfs", "migrate", "uci"]),
    ("daemon", &["*"]),
    ("lib", &["*"]),
    ("main", &["*", "daemon"]),
];

/// Who is nobody's business: these know no other room.
const ANYBODYS: &[&str] = &["few"];

/// No I/O, no clock, no task, no log: bytes or events in, values out.
const PURE: &[&str] = &[
    "fault",
    "words",
    "cause",
    "wire",
    "json",
    "config",
    "target",
    "dns",
    "device",
    "link",
    "ladder",
    "watchdog",
    "diagnose",
    "journal",
    "history",
    "explain",
    "metrics",
    "migrate",
    "status",
    "uci",
    "bands",
    "answers",
    "replies",
    "ussd",
    "post",
    "ubus::blob",
    "ubus::message",
    "mbim::service",
    "mbim::status",
    "mbim::frame",
    "mbim::fragment",
    "mbim::describe",
    "mbim::messages",
    "dial",
    "pin",
    "quirks",
    "qmi::modem::known",
    "qmi::modem::cells",
    "qmi::frame",
    "qmi::tlv",
    "qmi::messages",
    "mbim::modem::known",
    "mbim::modem::refusal",
    "sms",
    "at::codec",
    "at::command",
    "at::danger",
    "at::fields",
    "at::probe",
    "at::read",
    "at::result",
    "at::unsolicited",
    "cli::text",
    "cli::grammar",
    "cli::help",
    "cli::table",
    "cli::show",
    "cli::choose",
    "cli::show_asks",
    "cli::show_fault",
    "cli::pcap",
];

/// What a pure room does not say.
const IMPURE: &[&str] = &[
    "tokio",
    "log::",
    "Instant::now",
    "SystemTime",
    "std::fs",
    "std::env::var",
    "std::io",
    "std::process",
    "std::thread",
    "std::os",
    "TcpStream",
    "UdpSocket",
    "UnixStream",
    "UnixDatagram",
    "async ",
    ".await",
    "println!",
    "nix::",
];

/// Rooms that read what a modem or a bus peer sent.
const CODECS: &[&str] = &[
    "wire",
    "json",
    "dns",
    "ussd",
    "ubus::blob",
    "ubus::message",
    "mbim::frame",
    "mbim::fragment",
    "mbim::messages",
    "qmi::frame",
    "qmi::tlv",
    "qmi::messages",
    "sms",
    "at::codec",
    "at::command",
    "at::danger",
    "at::fields",
    "at::probe",
    "at::read",
    "at::result",
    "at::unsolicited",
];

/// What would end the process, or lose bits, at a peer's word.
const RECKLESS: &[&str] =
    &[".unwrap()", "panic!", "unreachable!", " as u8", " as u16", " as u32", " as i32", " as usize"];

const MOST_LINES: usize = 500;

struct Source {
    path: PathBuf,
    /// `mbim::frame`; empty for a file outside of `src`.
    module: String,
    text: String,
}

impl Source {
    /// Lines of product code with their numbers: no comments, nothing from the tests on.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        lines.map(without_comment).enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// Good for this source: no string here has two slashes after a blank.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.split_once(" //").map_or(line, |(code, _)| code)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.filter_map(|entry| entry.ok()).map(|entry| entry.path()) {
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn sources(directories: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for directory in directories {
        rust_files(&root().join(directory), &mut files);
    }
    files.sort();
    assert!(!files.is_empty(), "no source found");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a readable source");
        let path = path.strip_prefix(root()).expect("inside").to_path_buf();
        Source { module: module(&path), path, text }
    };
    files.into_iter().map(read).collect()
}

/// Sources of the product without the test modules that lie in files of their own.
fn product() -> Vec<Source> {
    let mut sources = sources(&["src"]);
    sources.retain(|source| !source.module.ends_with("tests") && !source.module.contains("tests::"));
    sources
}

fn module(path: &Path) -> String {
    let Ok(inside) = path.strip_prefix("src") else { return String::new() };
    let name = inside.with_extension("").to_string_lossy().replace('/', "::");
    name.strip_suffix("::mod").map_or(name.clone(), String::from)
}

fn is_inside(module: &str, room: &str) -> bool {
    module.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn is_any(module: &str, rooms: &[&str]) -> bool {
    rooms.iter().any(|room| is_inside(module, room))
}

/// The modules that a line names by `crate::…` or `super::…`, as seen from `module`.
fn named(line: &str, module: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        if !line[..at].ends_with('$') {
            found.extend(heads(&line[at + "crate::".len()..]));
        }
    }
    if let Some(at) = line.find("super::") {
        let path = &line[at..];
        let ups = path.split("::").take_while(|part| *part == "super").count();
        let mut base: Vec<&str> = module.split("::").collect();
        base.truncate(base.len().saturating_sub(ups));
        let rest = path.get(ups * "super::".len()..).unwrap_or_default();
        let full = |head: String| base.iter().copied().chain([head.as_str()]).collect::<Vec<_>>().join("::");
        found.extend(heads(rest).into_iter().map(full));
    }
    found
}

/// `a::b` of `a::b::C, …`, and each of `{a::b, c}`.
fn heads(path: &str) -> Vec<String> {
    let items: Vec<&str> = match path.strip_prefix('{') {
        Some(group) => group.split([',', '}']).map(str::trim).collect(),
        None => vec![path],
    };
    let head = |item: &str| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let parts = item.split("::").map(|part| part.split(|c| !word(c)).next().unwrap_or_default());
        let modules = parts.take_while(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
        modules.take(2).collect::<Vec<_>>().join("::")
    };
    items.into_iter().map(head).filter(|head| !head.is_empty()).collect()
}

/// The outermost part of a module's name.
fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

/// The rule of the module's room.
fn rule(module: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    ARROWS.iter().filter(|(room, _)| is_inside(module, room)).max_by_key(|(room, _)| room.len())
}

fn may_use((room, allowed): &(&str, &[&str]), target: &str) -> bool {
    // Macros stand at the root of the crate.
    let target = match target {
        "wire_enum" => "wire",
        "codes" | "messages" | "record" => "qmi::tlv",
        other => other,
    };
    let everything = allowed.contains(&"*") && !is_inside(target, "daemon");
    let above = room.starts_with(target) && !ARROWS.iter().any(|(other, _)| *other == target);
    is_inside(target, room) || is_any(target, allowed) || is_any(target, ANYBODYS) || everything || above
}

#[track_caller]
fn nothing(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn arrows_between_rooms_point_down_only() {
    let product = product();
    // `super` inside of an inline module leads to names that are no files: not ours to judge.
    let is_file = |target: &str| product.iter().any(|source| source.module == target);
    let mut found = Vec::new();
    for source in &product {
        let Some(rule) = rule(&source.module) else {
            found.push(format!("{}: give this room its arrows in {}", source.path.display(), file!()));
            continue;
        };
        for (number, line) in source.code() {
            for target in named(line, &source.module) {
                let elsewhere = room(&target) != room(&source.module);
                if !may_use(rule, &target) && (elsewhere || is_file(&target)) {
                    let path = source.path.display();
                    found.push(format!("{path}:{number}: {} may not use {target}", rule.0));
                }
            }
        }
    }
    nothing(&found);
}

#[test]
fn an_arrow_that_points_up_is_seen() {
    let seen = |line: &str, module: &str| {
        let rule = rule(module).expect("a known room");
        named(line, module).iter().any(|target| !may_use(rule, target))
    };
    assert!(seen("use crate::daemon::Daemon;", "link"));
    assert!(seen("    crate::modem::connect()", "mbim::messages::basic"));
    assert!(seen("use crate::{cause::Cause, ubus};", "status"));
    assert!(seen("use super::client::Client;", "mbim::frame"));
    assert!(seen("use super::super::client::Client;", "mbim::messages::basic"));
    assert!(!seen("use crate::{cause::Cause, words};", "status"));
    assert!(!seen("use super::service::Service;", "mbim::frame"));
    assert!(!seen("use super::codec::Body;", "mbim::messages::basic"));
    assert!(!seen("$crate::daemon", "wire"));
}

#[test]
fn pure_rooms_have_no_io_clock_task_or_log() {
    nothing(&words_in(PURE, IMPURE));
}

#[test]
fn codecs_cannot_panic_or_lose_bits_at_a_peers_word() {
    nothing(&words_in(CODECS, RECKLESS));
}

fn words_in(rooms: &[&str], forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in product().iter().filter(|source| is_any(&source.module, rooms)) {
        // The compiler computes a constant, and nobody else has a say in it.
        let code = source.code().filter(|(_, line)| !line.trim_start().starts_with("const "));
        for (number, line) in code {
            for word in forbidden.iter().filter(|word| contains_word(line, word)) {
                found.push(format!("{}:{number}: {word}: {}", source.path.display(), line.trim()));
            }
        }
    }
    found
}

/// `word`, and not a longer one that ends or begins like it.
fn contains_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].ends_with(part) && word.starts_with(part);
        let after = line[at + word.len()..].starts_with(part) && word.ends_with(part);
        !before && !after
    })
}

#[test]
fn unsafe_is_only_where_the_kernel_is() {
    let word = concat!("un", "safe");
    let mut found = Vec::new();
    for source in product().iter().filter(|source| !is_inside(&source.module, "linux")) {
        for (number, line) in source.code() {
            if contains_word(line, word) || line.contains(concat!("un", "safe_code")) {
                found.push(format!("{}:{number}: {}", source.path.display(), line.trim()));
            }
        }
    }
    nothing(&found);
}

#[test]
fn files_stay_small_and_say_what_they_are_for() {
    let mut found = Vec::new();
    for source in sources(&["src", "tests", "benches", "examples"]) {
        let path = source.path.display();
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            found.push(format!("{path}: {lines} lines; {MOST_LINES} are the most"));
        }
        if !source.text.starts_with("//!") {
            found.push(format!("{path}: begin with //! and what it is for"));
        }
    }
    nothing(&found);
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    let words = [
        concat!("#[ig", "nore"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("db", "g!("),
    ];
    let mut found = Vec::new();
    for source in sources(&["src", "tests", "benches", "examples"]) {
        for (number, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{}: {}", source.path.display(), number + 1, line.trim()));
            }
        }
    }
    nothing(&found);
}
