//! Signals, as something to wait for.
//!
//! Contract: from [`Signals::new`] on they do nothing by themselves, in this thread and in those
//! that it starts; [`Signals::heard`] tells of each.
//!
//! Why not `tokio::signal`? Its handlers write into a pipe, for any number of listeners in a
//! registry: four kilobytes of a router's flash. signalfd(2) is one descriptor.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::signal::SigSet;
pub use nix::sys::signal::Signal;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What the kernel writes of a signal (`signalfd_siginfo`).
const RECORD: usize = 128;

pub struct Signals(AsyncFd<OwnedFd>);

impl Signals {
    /// Needs a runtime of tokio's.
    pub fn new(signals: &[Signal]) -> io::Result<Signals> {
        let set: SigSet = signals.iter().copied().collect();
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        let fd = super::fd::watch(fd.as_fd().try_clone_to_owned()?, Interest::READABLE)?;
        // At last, so that whoever cannot hear them is still ended by them.
        set.thread_block()?;
        Ok(Signals(fd))
    }

    /// Returns when one of them comes, or came since the last was heard.
    pub async fn heard(&self) {
        let read = |fd: &OwnedFd| Ok(nix::unistd::read(fd, &mut [0; RECORD])?);
        if self.0.async_io(Interest::READABLE, read).await.is_err() {
            // It would fail again at once: better deaf than busy.
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nix::sys::signal::raise;
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn a_signal_is_heard_once_whether_it_comes_before_or_while_one_waits() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let signals = Signals::new(&[Signal::SIGUSR1, Signal::SIGWINCH]).unwrap();
            let moment = Duration::from_millis(50);
            assert!(timeout(moment, signals.heard()).await.is_err());
            for signal in [Signal::SIGUSR1, Signal::SIGWINCH] {
                raise(signal).unwrap();
                assert_eq!(timeout(moment, signals.heard()).await, Ok(()), "{signal}");
            }
            let later = async {
                tokio::time::sleep(moment / 2).await;
                raise(Signal::SIGUSR1).unwrap();
            };
            let heard = async { tokio::join!(signals.heard(), later).0 };
            assert_eq!(timeout(Duration::from_secs(5), heard).await, Ok(()));
            assert!(timeout(moment, signals.heard()).await.is_err());
        });
    }
}
