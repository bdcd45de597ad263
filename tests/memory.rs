//! What the daemon of a release costs while it does nothing: memory, and system calls.
//!
//! Contract: measures a static release build, as a router has it, with one connected modem.
//! `UWAND_STATIC_BINARY` names one; else it is built into target/static, with musl, which
//! routers have, where rustup has its target (`rustup target add x86_64-unknown-linux-musl`),
//! otherwise with this machine's C library, whose own code is then most of the memory.

mod sim;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;
use sim::bed::{Bed, WAN};
use sim::fault::{Effect, Fault, On};
use sim::modem::{Setup, SimModem};
use sim::qmi::{self, QmiModem};
use tokio::time::sleep;

const MOST_RSS_KIB: u64 = 2048;
const IDLE: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(5);

fn static_binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("UWAND_STATIC_BINARY").map_or_else(build, PathBuf::from)).clone()
}

fn build() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let (target, directory) = (target(), root.join("target/static"));
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--release", "--locked", "--bin", "uwand", "--target", &target]);
    cargo.arg("--target-dir").arg(&directory).current_dir(root);
    // With a target named these are not for build scripts and macros, which can't be static.
    // As openwrt-package/build.sh builds; it says why.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env(
        "RUSTFLAGS",
        "-C target-feature=+crt-static -C relocation-model=static -C force-unwind-tables=no \
         -Zlocation-detail=none -Zfmt-debug=shallow",
    );
    assert!(cargo.status().unwrap().success(), "the static build failed");
    directory.join(target).join("release/uwand")
}

fn target() -> String {
    let library = rustc(&["--print", "target-libdir", "--target", &musl()]);
    if PathBuf::from(library.trim()).is_dir() { musl() } else { host() }
}

fn host() -> String {
    let version = rustc(&["-vV"]);
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_string()
}

fn musl() -> String {
    host().replace("-gnu", "-musl")
}

fn rustc(arguments: &[&str]) -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    String::from_utf8(Command::new(rustc).args(arguments).output().unwrap().stdout).unwrap()
}

/// Past the test runner, which keeps what `println!` says to itself: the figures are to be seen.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// One number of `/proc/PID/status`.
fn status(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Runs `look` with the process id of a daemon whose one modem is connected, after all is said.
fn connected(look: impl AsyncFnOnce(u32)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let bed = Bed::new("memory", &static_binary(), Setup::default()).unwrap();
        let daemon = bed.start_daemon(&[], Stdio::null()).await.unwrap();
        bed.configure(&json!({"watchdog": "0"}));
        bed.ifup(LIMIT).await.unwrap();
        bed.silence().await;
        // What is asked beside the link, and waited for, is over.
        sleep(Duration::from_secs(4)).await;
        look(daemon.id().unwrap()).await;
    });
}

#[test]
fn a_daemon_with_a_connected_modem_takes_at_most_two_mebibytes() {
    connected(async |pid| {
        let rss = status(pid, "VmRSS");
        let (heap, file) = (status(pid, "RssAnon"), status(pid, "RssFile"));
        let size = fs::metadata(static_binary()).unwrap().len();
        say(&format!("VmRSS {rss} KiB: {heap} KiB its own, {file} KiB of its file of {} KiB", size / 1024));
        if static_binary().to_string_lossy().contains("-gnu/") {
            say(&format!("skipped: the limit is for musl; rustup target add {}", musl()));
        } else {
            assert!(rss <= MOST_RSS_KIB, "{rss} KiB");
        }
    });
}

/// A process that was not run cannot have called the kernel: being run ends in a switch to
/// another, of its own will or not.
#[test]
fn an_idle_daemon_makes_no_system_call() {
    connected(async |pid| {
        let switches = || status(pid, "voluntary_ctxt_switches") + status(pid, "nonvoluntary_ctxt_switches");
        let call = || fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
        let (before, waiting) = (switches(), call());
        sleep(IDLE).await;
        say(&format!("times it ran within {IDLE:?} of idling: {}", switches() - before));
        assert_eq!((switches(), call()), (before, waiting));
    });
}

const MODEMS: u32 = 16;
const MOST_KIB_A_MODEM: u64 = 100;

/// Half of them MBIM, half QMI; the first is the bed's own.
#[test]
fn sixteen_modems_share_a_daemon_and_a_deaf_one_delays_no_other() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let bed = Bed::new("many", &static_binary(), Setup::default()).unwrap();
        let daemon = bed.start_daemon(&[], Stdio::null()).await.unwrap();
        let pid = daemon.id().unwrap();
        bed.configure(&json!({"watchdog": "0"}));
        bed.ifup(LIMIT).await.unwrap();
        bed.silence().await;
        let one = status(pid, "VmRSS");
        let (mut mbim, mut qmi) = (Vec::new(), Vec::new());
        for number in 1..MODEMS {
            let socket = bed.file(&format!("modem{number}"));
            if number % 2 == 0 {
                mbim.push(SimModem::at(&socket, Setup::default()).unwrap());
            } else {
                qmi.push(QmiModem::at(&socket, qmi::Setup::default()).unwrap());
            }
            let control = if number % 2 == 0 { "mbim" } else { "qmi" };
            let section = json!({"proto": "uwand", "device": socket, "netdev": format!("wwan{number}"),
                "apn": "internet", "control": control, "watchdog": "0", "auto": false});
            bed.netifd.plug(&format!("wwan{number}"));
            bed.netifd.configure(&format!("wan{number}"), Some(section));
            bed.netifd.ifup(&format!("wan{number}"));
        }
        let name = |number: u32| if number == 0 { WAN.to_string() } else { format!("wan{number}") };
        let all_up = |but: Option<u32>| {
            let names: Vec<String> = (0..MODEMS).filter(|n| Some(*n) != but).map(name).collect();
            bed.netifd.until(LIMIT, move |netifd| names.iter().all(|name| netifd.is_up(name)))
        };
        let came = all_up(None).await;
        let missing: Vec<String> = (0..MODEMS)
            .map(name)
            .filter(|n| !bed.netifd.is_up(n))
            .map(|n| format!("{n}: {}", bed.netifd.status(&n)["errors"]))
            .collect();
        assert!(came, "{missing:?}");
        bed.silence().await;
        sleep(Duration::from_millis(300)).await;
        let many = status(pid, "VmRSS");
        let each = many.saturating_sub(one) / u64::from(MODEMS - 1);
        println!("VmRSS with 1 modem {one} KiB, with {MODEMS} {many} KiB: {each} KiB a modem");
        assert!(each <= MOST_KIB_A_MODEM, "{each} KiB a modem");

        mbim[0].fault(Fault::new(On::Anything, Effect::Deaf));
        mbim[0].network_disconnect(0, 36);
        for number in [0, 1, 3, 4] {
            bed.netifd.ifdown(&name(number));
        }
        let names = [0, 1, 3, 4].map(name);
        let down = |netifd: &sim::netifd::Netifd| names.iter().all(|name| !netifd.is_up(name));
        assert!(bed.netifd.until(LIMIT, down).await);
        let begin = std::time::Instant::now();
        names.iter().for_each(|name| bed.netifd.ifup(name));
        assert!(all_up(Some(2)).await, "a deaf modem kept others down");
        println!("four of them down and up again beside the deaf one: {:?}", begin.elapsed());
        assert!(!bed.netifd.is_up(&name(2)));
    });
}
