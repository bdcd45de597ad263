//! /dev/cdc-wdmN as a program sees it that knows nothing of this project: plain read,
//! write, poll and close, with their times.

use super::timeline::{Step, doing};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(3);

pub fn open(path: &str) -> Step<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(nix::libc::O_NONBLOCK).open(path).map_err(doing(path))
}

/// MBIM_OPEN_MSG, maximum control transfer 4096 (MBIM 1.0, 9.3.1).
pub fn open_message(transaction: u32) -> Vec<u8> {
    message(1, transaction, &4096u32.to_le_bytes())
}

pub fn message(kind: u32, transaction: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [kind, 12 + body.len() as u32, transaction] {
        out.extend(word.to_le_bytes());
    }
    out.extend(body);
    out
}

/// As soon as the one before has been taken.
pub fn send(file: &mut File, message: &[u8]) -> Step {
    events(file, PollFlags::POLLOUT, PATIENCE)?;
    file.write_all(message).map_err(doing("write"))
}

/// One read, after poll has said that there is something.
pub fn receive(file: &mut File, room: usize, patience: Duration) -> Step<Vec<u8>> {
    let events = wait(file, patience)?;
    if !events.contains(PollFlags::POLLIN) {
        return Err(format!("poll says {events:?}"));
    }
    let mut buffer = vec![0; room];
    let length = file.read(&mut buffer).map_err(doing("read"))?;
    buffer.truncate(length);
    Ok(buffer)
}

pub fn wait(file: &File, patience: Duration) -> Step<PollFlags> {
    events(file, PollFlags::POLLIN, patience)
}

pub fn events(file: &File, wanted: PollFlags, patience: Duration) -> Step<PollFlags> {
    let limit = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    let mut fds = [PollFd::new(file.as_fd(), wanted)];
    poll(&mut fds, limit).map_err(doing("poll"))?;
    Ok(fds[0].revents().unwrap_or(PollFlags::empty()))
}

/// How long close(2) took.
pub fn close(file: File) -> Duration {
    let begin = Instant::now();
    drop(file);
    begin.elapsed()
}
