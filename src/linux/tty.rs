//! Standard input and output, and the terminal behind a descriptor: whether there is one, and how
//! large it is.
//!
//! Why not `std::io::stdout`? Its buffer and its lock are for programs that write a little at a time
//! and from several threads; ours write a page at once.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::unistd::write;

// SAFETY: 0 to 2 are open from the start of a program to its end. The standard library opens
// /dev/null for one that is not, before `main`, and nobody here closes one.
const INPUT: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(0) };
const OUTPUT: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(1) };

/// Standard input, with nothing read ahead of what is asked for.
pub fn input() -> io::Result<File> {
    Ok(INPUT.try_clone_to_owned()?.into())
}

/// Standard output, for what writes to files.
pub fn output() -> io::Result<File> {
    Ok(OUTPUT.try_clone_to_owned()?.into())
}

/// Text to standard output, at once.
pub fn print(text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match write(OUTPUT, rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

nix::ioctl_read_bad!(
    /// tty_ioctl(4): TIOCGWINSZ.
    get_window_size,
    nix::libc::TIOCGWINSZ,
    nix::libc::winsize
);

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub columns: usize,
    pub rows: usize,
}

/// Of the terminal on standard output.
pub fn size() -> Option<Size> {
    size_of(OUTPUT)
}

/// Who reads standard output, for poll(2).
pub fn reader() -> BorrowedFd<'static> {
    OUTPUT
}

/// `None` where `file` is no terminal. A serial line that was never told its size says 0 by
/// 0, and is taken for the usual 80 by 24.
fn size_of(file: BorrowedFd<'_>) -> Option<Size> {
    if !file.is_terminal() {
        return None;
    }
    let mut window = nix::libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open while borrowed, and the kernel writes one winsize.
    let told = unsafe { get_window_size(file.as_raw_fd(), &mut window) };
    match (told, window.ws_col, window.ws_row) {
        (Ok(_), columns @ 1.., rows @ 1..) => Some(Size { columns: columns.into(), rows: rows.into() }),
        (Ok(_) | Err(_), _, _) => Some(Size { columns: 80, rows: 24 }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_file_is_no_terminal() {
        let file = std::fs::File::open("/dev/null").expect("/dev/null");
        assert_eq!(size_of(file.as_fd()), None);
    }
}
