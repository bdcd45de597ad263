//! The binary as people and scripts meet it: exit statuses, streams, words. The daemon is a
//! provider of canned replies on a double of ubusd.

use crate::sim;

use std::cell::RefCell;
use std::future::Future;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::rc::Rc;
use std::time::Duration;

use sim::ubusd::Ubusd;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::{AbortHandle, LocalSet, spawn_local};
use tokio::time::timeout;
use uwand::ubus::{ArgType, Client, Method, Status};

use uwand::json::{Value, json};

/// For what takes milliseconds, on a machine that is busy.
const SOON: Duration = Duration::from_secs(20);

const METHODS: &[Method] = &[
    Method { name: "status", args: &[] },
    Method { name: "signal", args: &[("modem", ArgType::String)] },
    Method { name: "reconnect", args: &[("interface", ArgType::String)] },
    Method { name: "explain", args: &[("interface", ArgType::String)] },
    Method { name: "outages", args: &[("interface", ArgType::String), ("limit", ArgType::Int32)] },
    Method { name: "metrics", args: &[] },
];

/// A bus, and what a test needs to speak about it.
pub struct World {
    ubusd: Ubusd,
    socket: PathBuf,
    /// Requests that the daemon's double got: method and arguments.
    pub asked: Rc<RefCell<Vec<(String, Value)>>>,
}

/// The daemon's double; gone from the bus when it is dropped.
pub struct Daemon {
    client: Client,
    task: AbortHandle,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn status() -> Value {
    json!({"version": "0.1.0", "uptime": 60, "interfaces": [
        {"interface": "wan", "state": "up", "since": 61, "modem": "1-1.2", "netdev": "wwan0"},
        {"interface": "backup", "state": "waiting", "since": 5, "error": "NO_MODEM", "reason": "no modem: 1-1.4"},
    ], "modems": [{"id": "1-1.2", "state": "open", "device": "/dev/cdc-wdm0", "operator": "Evil\u{1b}[2J\nNet"}]})
}

impl World {
    pub fn new(name: &str) -> Self {
        let socket = std::env::temp_dir().join(format!("uwand-cli-{}-{name}.sock", std::process::id()));
        let ubusd = Ubusd::at(&socket).expect("a socket");
        World { ubusd, socket, asked: Rc::default() }
    }

    /// Starts the daemon's double, and waits until it is on the bus.
    pub async fn daemon(&self) -> Daemon {
        let client = Client::start(self.ubusd.source());
        let mut object = client.add_object("uwand", METHODS);
        let asked = self.asked.clone();
        let task = spawn_local(async move {
            loop {
                let request = object.recv().await;
                asked.borrow_mut().push((request.method.to_string(), request.args.clone()));
                match request.method {
                    "status" => request.reply(status()),
                    "signal" => request
                        .reply(json!({"modems": [{"id": "1-1.2", "signal": {"rsrp": -95, "bars": 3}}]})),
                    "explain" => request
                        .reply(json!({"interface": "wan", "state": "up", "health": "stalled",
                        "text": "connected, but no packet comes back", "doing": "connects anew"})),
                    "outages" => request
                        .reply(json!({"outages": [{"interface": "wan", "seconds": 9, "ago": 60,
                        "text": "evil\u{1b}[2J", "cured_by": "reconnect"}]})),
                    "metrics" => request.reply(json!({"text": "# TYPE uwand info\n# EOF\n"})),
                    _ if request.args["interface"] == "backup" => request.fail_with(
                        Status::NoData,
                        json!({"error": "backup has no modem: 1-1.4 is not there"}),
                    ),
                    _ => request.reply(json!({})),
                }
            }
        });
        let daemon = Daemon { client, task: task.abort_handle() };
        while !self.ubusd.objects().iter().any(|path| path == "uwand") {
            tokio::task::yield_now().await;
        }
        daemon
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = uwand(args);
        command.env("UWAND_UBUS_SOCKET", &self.socket);
        command
    }

    pub async fn run(&self, args: &[&str]) -> Output {
        finished(self.command(args)).await
    }

    fn watch(&self, args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut command = self.command(&[&["watch"], args].concat());
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("the binary");
        let stdout = child.stdout.take().expect("piped");
        (child, BufReader::new(stdout).lines())
    }
}

pub fn uwand(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uwand"));
    command.args(args).stdin(Stdio::null());
    for name in [
        "UWAND_UBUS_SOCKET",
        "UWAND_SYSFS",
        "UWAND_RUN_DIR",
        "UWAND_LOG",
        "NO_COLOR",
        "LC_ALL",
        "LC_CTYPE",
        "LANG",
    ] {
        command.env_remove(name);
    }
    command
}

pub async fn finished(mut command: Command) -> Output {
    timeout(SOON, command.output()).await.expect("an end").expect("the binary")
}

/// Runs a test in real time: the binary has no virtual clock.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, test);
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[track_caller]
pub fn ended(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
}

/// A line that comes, without its date.
async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(SOON, lines.next_line()).await.expect("a line").expect("readable").expect("no end");
    match line.split_once("Z ") {
        Some((_, rest)) => rest.to_string(),
        None => line,
    }
}

async fn end_of(child: &mut Child) -> Option<i32> {
    timeout(SOON, child.wait()).await.expect("an end").expect("waited").code()
}

fn terminate(child: &Child) {
    let pid = i32::try_from(child.id().expect("running")).expect("a pid");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM).expect("sent");
}

#[test]
fn help_and_version_go_to_stdout_and_end_0() {
    run(async {
        let help = finished(uwand(&["--help"])).await;
        ended(&help, 0);
        assert!(text(&help.stdout).contains("reconnect") && help.stderr.is_empty());
        let version = finished(uwand(&["--version"])).await;
        ended(&version, 0);
        assert_eq!(text(&version.stdout), concat!("uwand ", env!("CARGO_PKG_VERSION"), "\n"));
    });
}

#[test]
fn wrong_use_ends_2_and_names_what_is_wrong() {
    run(async {
        let table: [(&[&str], &str); 6] = [
            (&[], "Usage"),
            (&["stauts"], "stauts"),
            (&["status", "--jsno"], "--jsno"),
            (&["status", "--interface", ""], "`uwand status` shows the names"),
            (&["daemon", "--log-level", "loud"], "one of error, warn"),
            (&["reconnect", "--modem", "x"], "--modem"),
        ];
        for (args, told) in table {
            let output = finished(uwand(args)).await;
            ended(&output, 2);
            assert!(output.stdout.is_empty() && text(&output.stderr).contains(told), "{args:?}: {output:?}");
        }
        let mut command = uwand(&["status"]);
        command.env("UWAND_LOG", "loud");
        let output = finished(command).await;
        ended(&output, 2);
        assert!(text(&output.stderr).contains("UWAND_LOG 'loud'"), "{output:?}");
    });
}

#[test]
fn without_ubus_the_socket_and_the_option_for_another_are_told() {
    run(async {
        for verb in ["status", "signal", "reconnect"] {
            let output = finished(uwand(&[verb, "--ubus-socket", "/nowhere/ubus.sock"])).await;
            ended(&output, 1);
            let told = text(&output.stderr);
            assert!(told.starts_with("uwand: no ubus at /nowhere/ubus.sock"), "{told}");
            assert!(told.contains("--ubus-socket PATH") && output.stdout.is_empty(), "{told}");
        }
    });
}

#[test]
fn without_a_daemon_the_way_to_start_it_is_told() {
    run(async {
        let world = World::new("no-daemon");
        let output = world.run(&["status"]).await;
        ended(&output, 1);
        assert!(text(&output.stderr).contains("/etc/init.d/uwand start"), "{output:?}");
        assert!(output.stdout.is_empty());
    });
}

#[test]
fn status_is_a_page_or_json_and_obeys_no_escape_sequence() {
    run(async {
        let world = World::new("status");
        let _daemon = world.daemon().await;
        let page = world.run(&["status"]).await;
        ended(&page, 0);
        let page = text(&page.stdout);
        assert!(page.starts_with("wan: up for 1 min 1 s\n"), "{page}");
        assert!(page.contains("NO_MODEM: no modem: 1-1.4") && page.contains("Evil?[2J?Net"), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
        let reply = world.run(&["status", "--json"]).await;
        ended(&reply, 0);
        assert_eq!(uwand::json::from_slice(&reply.stdout).expect("JSON"), status());
    });
}

#[test]
fn a_filter_that_fits_nothing_ends_1_and_names_what_is_there() {
    run(async {
        let world = World::new("filter");
        let _daemon = world.daemon().await;
        let reply = world.run(&["status", "--json", "-i", "backup"]).await;
        let reply: Value = uwand::json::from_slice(&reply.stdout).expect("JSON");
        assert_eq!((&reply["interfaces"][0]["interface"], &reply["modems"]), (&json!("backup"), &json!([])));
        let output = world.run(&["status", "-i", "wlan"]).await;
        ended(&output, 1);
        assert_eq!(
            text(&output.stderr),
            "uwand: --interface 'wlan': no such interface; there is wan, backup\n"
        );
    });
}

#[test]
fn signal_asks_for_the_modem_that_was_meant() {
    run(async {
        let world = World::new("signal");
        let _daemon = world.daemon().await;
        for filter in [["-i", "wan"], ["-m", "1-1.2"], ["-m", "/dev/cdc-wdm0"]] {
            world.asked.borrow_mut().clear();
            let output = world.run(&["signal", filter[0], filter[1]]).await;
            ended(&output, 0);
            assert!(text(&output.stdout).contains("-95 dBm"), "{output:?}");
            let asked = world.asked.borrow().last().cloned();
            assert_eq!(asked, Some(("signal".to_string(), json!({"modem": "1-1.2"}))));
        }
        let output = world.run(&["signal", "-i", "backup"]).await;
        ended(&output, 1);
        assert!(text(&output.stderr).contains("it has no modem now"), "{output:?}");
    });
}

#[test]
fn reconnect_ends_0_when_it_was_started_and_1_with_the_daemons_words_when_not() {
    run(async {
        let world = World::new("reconnect");
        let _daemon = world.daemon().await;
        let output = world.run(&["reconnect", "-i", "wan"]).await;
        ended(&output, 0);
        assert!(text(&output.stdout).starts_with("wan: reconnecting"), "{output:?}");
        let asked = world.asked.borrow().last().cloned();
        assert_eq!(asked, Some(("reconnect".to_string(), json!({"interface": "wan"}))));
        let output = world.run(&["reconnect", "-i", "backup"]).await;
        ended(&output, 1);
        assert_eq!(text(&output.stderr), "uwand: backup has no modem: 1-1.4 is not there\n");
        let output = world.run(&["reconnect"]).await;
        ended(&output, 1);
        assert!(text(&output.stderr).contains("Say --interface with one of wan, backup"), "{output:?}");
        let output = world.run(&["reconnect", "--json", "-i", "wan"]).await;
        ended(&output, 0);
        assert_eq!(text(&output.stdout), "{}\n");
    });
}

#[test]
fn a_denied_call_tells_who_may() {
    run(async {
        let world = World::new("denied");
        let _daemon = world.daemon().await;
        world.ubusd.deny(&[("uwand", "status")]);
        let output = world.run(&["status"]).await;
        ended(&output, 1);
        assert!(text(&output.stderr).contains("as root"), "{output:?}");
    });
}

#[test]
fn a_reader_that_went_away_is_no_error_and_a_full_disk_is_one() {
    run(async {
        let world = World::new("output");
        let _daemon = world.daemon().await;
        let (reader, writer) = nix::unistd::pipe().expect("a pipe");
        drop(reader);
        let mut command = world.command(&["status"]);
        command.stdout(writer).stderr(Stdio::piped());
        let output = timeout(SOON, command.spawn().expect("the binary").wait_with_output()).await;
        let output = output.expect("an end").expect("waited");
        ended(&output, 0);
        assert!(output.stderr.is_empty(), "{output:?}");
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = world.command(&["status"]);
        command.stdout(full).stderr(Stdio::piped());
        let output = timeout(SOON, command.spawn().expect("the binary").wait_with_output()).await;
        let output = output.expect("an end").expect("waited");
        ended(&output, 1);
        assert!(text(&output.stderr).starts_with("uwand: cannot write to standard output"), "{output:?}");
    });
}

#[test]
fn watch_tells_each_change_on_a_line_and_ends_0_on_sigterm() {
    run(async {
        let world = World::new("watch");
        let daemon = world.daemon().await;
        let (mut child, mut lines) = world.watch(&[]);
        assert_eq!(next(&mut lines).await, "wan: up");
        assert_eq!(next(&mut lines).await, "backup: waiting, NO_MODEM");
        let change = json!({"interface": "wan", "old": "up", "new": "waiting", "error": "NO_SIM"});
        daemon.client.send_event("uwand.interface", &change);
        assert_eq!(next(&mut lines).await, "wan: up -> waiting, NO_SIM");
        daemon.client.send_event("uwand.modem", &json!({"modem": "1-1.2", "old": "open", "new": "hung"}));
        assert_eq!(next(&mut lines).await, "modem 1-1.2: open -> hung");
        terminate(&child);
        assert_eq!(end_of(&mut child).await, Some(0));
    });
}

#[test]
fn watch_survives_restarts_of_the_daemon_and_of_ubusd() {
    run(async {
        let world = World::new("restart");
        let daemon = world.daemon().await;
        let (mut child, mut lines) = world.watch(&["--json", "-i", "wan"]);
        let object = |line: String| uwand::json::from_str(&line).expect("JSON");
        assert_eq!(object(next(&mut lines).await)["event"], "status");
        drop(daemon);
        let lost = object(next(&mut lines).await);
        assert_eq!(lost["event"], "lost");
        assert!(lost["error"].as_str().is_some_and(|why| why.contains("does not run")), "{lost}");
        let daemon = world.daemon().await;
        let back = object(next(&mut lines).await);
        assert_eq!((&back["event"], &back["interfaces"][0]["state"]), (&json!("status"), &json!("up")));
        world.ubusd.kill();
        assert_eq!(object(next(&mut lines).await)["event"], "lost");
        world.ubusd.start().expect("started again");
        assert_eq!(object(next(&mut lines).await)["event"], "status");
        daemon.client.connected().await;
        daemon
            .client
            .send_event("uwand.interface", &json!({"interface": "backup", "old": "down", "new": "up"}));
        daemon.client.send_event("uwand.interface", &json!({"interface": "wan", "old": "up", "new": "down"}));
        let event = object(next(&mut lines).await);
        assert_eq!(
            event,
            json!({"event": "uwand.interface", "interface": "wan", "old": "up", "new": "down"})
        );
        assert_eq!(child.try_wait().expect("waited"), None);
    });
}

#[test]
fn watch_waits_for_a_bus_that_is_not_there_yet() {
    run(async {
        let world = World::new("early");
        world.ubusd.kill();
        let (_child, mut lines) = world.watch(&[]);
        assert!(next(&mut lines).await.starts_with("uwand: no ubus at "));
        world.ubusd.start().expect("started");
        let _daemon = world.daemon().await;
        assert_eq!(next(&mut lines).await, "wan: up");
    });
}

#[test]
fn watch_ends_when_nobody_reads_it_any_more() {
    run(async {
        let world = World::new("unread");
        let _daemon = world.daemon().await;
        let (mut child, mut lines) = world.watch(&[]);
        next(&mut lines).await;
        drop(lines);
        assert_eq!(end_of(&mut child).await, Some(0));
    });
}

/// What a terminal of this size shows until the program on it ends, which `end` brings about.
async fn on_a_terminal(mut command: Command, rows: u16, columns: u16, end: impl Fn(&str, &Child)) -> String {
    let size = nix::pty::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = nix::pty::openpty(Some(&size), None).expect("a pty");
    command.env("TERM", "xterm").stdout(terminal.slave).kill_on_drop(true);
    let child = command.spawn().expect("the binary");
    drop(command);
    let mut master = std::fs::File::from(terminal.master);
    let (sender, mut pieces) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        // A pty without its program reads as EIO.
        while let Ok(length @ 1..) = master.read(&mut piece) {
            let _ = sender.send(piece[..length].to_vec());
        }
    });
    let mut shown = Vec::new();
    while let Some(piece) = timeout(SOON, pieces.recv()).await.expect("an end") {
        shown.extend(piece);
        end(&String::from_utf8_lossy(&shown), &child);
    }
    String::from_utf8(shown).expect("UTF-8")
}

#[test]
fn watch_on_a_terminal_draws_over_itself_and_leaves_it_as_it_was() {
    run(async {
        let world = World::new("terminal");
        let daemon = world.daemon().await;
        let change = json!({"interface": "wan", "old": "up", "new": "suspect"});
        let sent = std::cell::Cell::new(false);
        let end = |shown: &str, child: &Child| {
            if shown.contains("wan: up -> suspect") && child.id().is_some() {
                terminate(child);
            } else if shown.contains("running for") && !sent.replace(true) {
                daemon.client.send_event("uwand.interface", &change);
            }
        };
        let shown = on_a_terminal(world.command(&["watch"]), 50, 60, end).await;
        assert!(shown.starts_with("\u{1b}[?1049h\u{1b}[?25l"), "{shown:?}");
        assert!(shown.ends_with("\u{1b}[?25h\u{1b}[?1049l"), "{shown:?}");
        assert!(shown.contains("\u{1b}[1mwan\u{1b}[0m: \u{1b}[32mup\u{1b}[0m for 1 min 1 s"), "{shown:?}");
    });
}

#[test]
fn status_on_a_narrow_terminal_breaks_its_lines_and_is_coloured() {
    run(async {
        let world = World::new("narrow");
        let _daemon = world.daemon().await;
        let shown = on_a_terminal(world.command(&["status"]), 24, 40, |_, _| ()).await;
        assert!(shown.contains("\u{1b}[31m") && shown.contains("Evil?[2J?Net"), "{shown:?}");
        let mut command = world.command(&["status"]);
        command.env("NO_COLOR", "1");
        let plain = on_a_terminal(command, 24, 40, |_, _| ()).await;
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
        assert!(plain.lines().all(|line| line.chars().count() <= 40), "{plain:?}");
    });
}
