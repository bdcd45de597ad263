//! What the daemon of a release costs while it does nothing: memory, and system calls.
//!
//! Contract: measures a static release build, as a router has it, with one connected modem.
//! `UWAND_STATIC_BINARY` names one; else it is built into target/static, with musl, which
//! routers have, where rustup has its target (`rustup target add x86_64-unknown-linux-musl`),
//! otherwise with this machine's C library, whose own code is then most of the memory.

mod sim;

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use sim::bed::{Bed, WAN};
use sim::fault::{Effect, Fault, On};
use sim::modem::{Setup, SimModem};
use sim::qmi::{self, QmiModem};
use tokio::time::sleep;
use uwand::sms::address::Address;
use uwand::sms::compose::{Options, compose};
use uwand::sms::pdu::{Deliver, Pdu, Tpdu};
use uwand::sms::time::Timestamp;

use uwand::json::json;

const MOST_RSS_KIB: u64 = 1536;
/// One page, however many bursts: after a second one musl keeps a group of pieces that was made and
/// given back again and again (mallocng, `is_bouncing`). After a first one nothing was seen in six runs.
const KEPT_KIB: u64 = 4;
/// glibc keeps the end of its heap until that is 128 KiB (`M_TRIM_THRESHOLD` of mallopt(3)).
const KEPT_BY_GLIBC_KIB: u64 = 256;
const IDLE: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(5);

fn static_binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| {
            let binary = std::env::var_os("UWAND_STATIC_BINARY").map_or_else(build, PathBuf::from);
            forget(&binary);
            binary
        })
        .clone()
}

fn is_glibc() -> bool {
    static_binary().to_string_lossy().contains("-gnu/")
}

/// A file that was just written is in memory in large pieces, of which the kernel maps each whole
/// (mm/filemap.c, from 6.18): as after a start from flash, it is to be read in small ones.
fn forget(file: &Path) {
    let file = fs::File::open(file).unwrap();
    file.sync_all().unwrap();
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).unwrap();
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
fn connected(look: impl AsyncFnOnce(&Bed, u32)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let bed = Bed::new("memory", &static_binary(), Setup::default()).unwrap();
        let daemon = bed.start_daemon(&[], Stdio::null()).await.unwrap();
        bed.configure(&json!({"watchdog": "0"}));
        bed.ifup(LIMIT).await.unwrap();
        bed.silence().await;
        // What is asked beside the link, and waited for, is over.
        sleep(Duration::from_secs(4)).await;
        look(&bed, daemon.id().unwrap()).await;
    });
}

#[test]
fn a_daemon_with_a_connected_modem_takes_at_most_one_and_a_half_mebibytes() {
    let rss = Cell::new(u64::MAX);
    // How much of the file is mapped depends on the pieces in which it was read, and on who else
    // has it mapped.
    for _ in 0..3 {
        if rss.get() > MOST_RSS_KIB {
            forget(&static_binary());
            figure(&rss);
        }
    }
    if !is_glibc() {
        assert!(rss.get() <= MOST_RSS_KIB, "{} KiB", rss.get());
    }
}

fn figure(told: &Cell<u64>) {
    connected(async |_, pid| {
        let rss = status(pid, "VmRSS");
        told.set(rss);
        let (heap, file) = (status(pid, "RssAnon"), status(pid, "RssFile"));
        let size = fs::metadata(static_binary()).unwrap().len();
        say(&format!("VmRSS {rss} KiB: {heap} KiB its own, {file} KiB of its file of {} KiB", size / 1024));
        if is_glibc() {
            say(&format!("skipped: the limit is for musl; rustup target add {}", musl()));
        }
    });
}

/// A message that came, as the modem has it stored.
fn message(number: u32) -> Vec<u8> {
    let part =
        compose("10086", &format!("Message {number}: 1 GB left"), &Options::default()).unwrap().remove(0);
    let (from, time) =
        (Address::new("10086").unwrap(), Timestamp([0x62, 0x11, 0x02, 0x21, 0x43, 0x65, 0x40]));
    let (more, report, reply_path) = (false, false, false);
    let deliver = Deliver { from, protocol: 0, time, body: part.body, more, report, reply_path };
    Pdu { centre: None, tpdu: Tpdu::Deliver(deliver) }.encode().unwrap().0
}

/// What a person asks for once a month is no reason to be larger for the rest of it. How much of the
/// file is mapped is told, and does not decide: the commands here read it, too.
#[test]
fn a_scan_fifty_messages_and_a_trace_leave_no_memory_behind() {
    connected(async |bed, pid| {
        let rss = || (status(pid, "VmRSS"), status(pid, "RssAnon"));
        let (before, own) = rss();
        burst(bed).await;
        let most = status(pid, "VmHWM");
        let (after, own_after) = rss();
        bed.modem.forget_messages();
        burst(bed).await;
        let (again, own_again) = rss();
        say(&format!("VmRSS {before} KiB ({own} its own) before a burst, at most {most} in it,"));
        say(&format!("  {after} KiB ({own_after}) after it, {again} KiB ({own_again}) after another"));
        let kept = if is_glibc() { KEPT_BY_GLIBC_KIB } else { KEPT_KIB };
        for now in [own_after, own_again] {
            assert!(now <= own + kept, "{own} KiB, then {now} KiB");
        }
    });
}

/// A scan, fifty messages that come and are listed, and a trace of it all; until it is quiet again.
async fn burst(bed: &Bed) {
    let told = |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(static_binary());
        command.args(arguments).env("UWAND_UBUS_SOCKET", bed.socket());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        command.spawn().unwrap()
    };
    let mut trace = told(&["trace", "--hex"]);
    sleep(Duration::from_secs(1)).await;
    (0..50).for_each(|number| bed.modem.deliver(message(number)));
    for (arguments, expected) in [(["scan"].as_slice(), "PLMN"), (&["sms", "list"], "Message 49")] {
        let output = told(arguments).wait_with_output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(expected), "{arguments:?}: {text}");
    }
    trace.kill().await.unwrap();
    let traced = trace.wait_with_output().await.unwrap().stdout.len();
    assert!(traced > 1000, "{traced} bytes of trace");
    // The tap closes when nobody has asked for it for 15 s.
    sleep(Duration::from_secs(19)).await;
}

/// A process that was not run cannot have called the kernel: being run ends in a switch to
/// another, of its own will or not.
#[test]
fn an_idle_daemon_makes_no_system_call() {
    connected(async |_, pid| {
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
