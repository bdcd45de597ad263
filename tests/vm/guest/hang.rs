//! What cdc-wdm does with a modem whose firmware takes no message (NAK without end).
//!
//! `wdm_flush` is called by every close(2), whether or not the file is non-blocking, and
//! waits up to 30 s for a write that is under way. So close has no place in a thread that
//! has something else to do; and a program that exits with the device open can't even be
//! killed until the time is over, while one that is killed before (or whose closing
//! thread is killed by its exit) ends at once: the wait can be interrupted by a signal,
//! but nobody signals a process that is exiting.

use super::device::Modem;
use super::timeline::{Step, doing, until};
use super::wdm;
use nix::poll::PollFlags;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::time::sleep;

const WHILE: Duration = Duration::from_millis(200);
const AT_ONCE: Duration = Duration::from_secs(2);

/// Writes a message and goes on reading its standard input, or exits.
const WRITES_AND_WAITS: &str = "exec /bin/busybox cat /modules/order - >/dev/cdc-wdm0";
const WRITES_AND_EXITS: &str = "exec /bin/busybox cat /modules/order >/dev/cdc-wdm0";

fn program(script: &str) -> Step<Child> {
    let mut command = Command::new("/bin/busybox");
    command.args(["sh", "-c", script]).stdin(Stdio::piped()).spawn().map_err(doing("busybox"))
}

/// Its close is the kernel's last work for it.
pub async fn killed() -> Step<String> {
    let mut child = program(WRITES_AND_WAITS)?;
    sleep(WHILE).await;
    let begin = Instant::now();
    child.kill().map_err(doing("kill"))?;
    ended(&mut child).await?;
    Ok(format!("{:.1?}", begin.elapsed()))
}

pub async fn held(modem: Modem) -> Step<String> {
    let begin = Instant::now();
    let mut child = program(WRITES_AND_EXITS)?;
    sleep(WHILE).await;
    let file = wdm::open("/dev/cdc-wdm0")?;
    let refused = full(&file);
    let closing = tokio::task::spawn_blocking(move || wdm::close(file));
    child.kill().map_err(doing("kill"))?;
    sleep(WHILE).await;
    if closing.is_finished() || child.try_wait().map_err(doing("wait"))?.is_some() {
        return Err("it did not wait".to_owned());
    }
    refused?;
    modem.unplug();
    ended(&mut child).await?;
    let closed = closing.await.map_err(doing("thread"))?;
    Ok(format!("closed after {closed:.1?}, killed and gone after {:.1?}", begin.elapsed()))
}

/// While a message is under way there is no place for another one.
fn full(mut file: &File) -> Step {
    let events = wdm::events(file, PollFlags::POLLIN | PollFlags::POLLOUT, Duration::ZERO)?;
    if !events.is_empty() {
        return Err(format!("poll says {events:?}"));
    }
    match file.write(&wdm::open_message(6)) {
        Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(()),
        other => Err(format!("second write: {other:?}")),
    }
}

async fn ended(child: &mut Child) -> Step {
    let gone = || child.try_wait().ok().flatten().map(|_| ());
    until("the end of the program", AT_ONCE, gone).await
}
