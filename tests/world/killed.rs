//! The real daemon is killed with SIGKILL and started again as procd does it, in real time:
//! its successor takes the session over, and soon.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::sim;
use sim::bed::{Bed, WAN};
use sim::modem::Setup;
use sim::netifd::What;
use tokio::time::{sleep, timeout};

use uwand::json::{Value, json};

const LIMIT: Duration = Duration::from_secs(10);
/// From the kill until netifd has the link from the new daemon.
const MANAGED_AGAIN: Duration = Duration::from_millis(1500);

/// What the init script tells procd: `respawn THRESHOLD DELAY RETRIES`, in seconds.
fn respawn_delay() -> Duration {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/files/etc/init.d/uwand");
    let script = std::fs::read_to_string(script).unwrap();
    let line = script.lines().find_map(|line| line.trim().strip_prefix("procd_set_param respawn "));
    let delay = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|delay| delay.parse().ok());
    Duration::from_secs(delay.expect("the init script tells procd a delay"))
}

fn link_ups(bed: &Bed) -> usize {
    let up = |what: &What| matches!(what, What::Notify { args, .. } if args["link-up"] == Value::Bool(true));
    bed.netifd.told(WAN).iter().filter(|what| up(what)).count()
}

#[test]
fn a_killed_daemon_is_managing_its_link_again_within_a_second_and_a_half() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let setup = Setup { keeps_sessions: true, ..Setup::default() };
        let bed = Bed::new("killed", Path::new(env!("CARGO_BIN_EXE_uwand")), setup).unwrap();
        let mut daemon = bed.start_daemon(&[], Stdio::null()).await.unwrap();
        bed.configure(&json!({"watchdog": "0"}));
        bed.ifup(LIMIT).await.unwrap();
        bed.silence().await;
        let told = link_ups(&bed);
        let killed = Instant::now();
        daemon.kill().await.unwrap();
        sleep(respawn_delay().saturating_sub(killed.elapsed())).await;
        let mut successor = bed.start_daemon(&[], Stdio::null()).await.unwrap();
        while link_ups(&bed) == told {
            assert!(killed.elapsed() < LIMIT, "{}", bed.why());
            sleep(Duration::from_millis(1)).await;
        }
        let took = killed.elapsed();
        println!("managed again {took:?} after the kill, {:?} of it procd's delay", respawn_delay());
        assert!(took <= MANAGED_AGAIN, "{took:?}");
        assert!(bed.netifd.is_up(WAN));
        assert_eq!(bed.modem.activations().len(), 1, "nobody dialled anew");
        successor.kill().await.unwrap();
    });
}

/// As a panic of a router's binary ends it.
#[test]
fn a_daemon_that_the_processor_ends_says_where() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let bed = Bed::new("trapped", Path::new(env!("CARGO_BIN_EXE_uwand")), Setup::default()).unwrap();
        let daemon = bed.start_daemon(&[], Stdio::piped()).await.unwrap();
        let pid = daemon.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-ILL", &pid]).status().unwrap().success());
        let output = timeout(LIMIT, daemon.wait_with_output()).await.unwrap().unwrap();
        assert_eq!(output.status.signal(), Some(nix::libc::SIGILL));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("error: ended by signal 04 at 0x"), "{told:?}");
    });
}
