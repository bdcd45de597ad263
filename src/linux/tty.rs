//! The terminal behind a file descriptor: whether there is one, and how large it is.
#![allow(unsafe_code)]

use std::io::IsTerminal;
use std::os::fd::{AsFd, AsRawFd};

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

/// `None` where `file` is no terminal. A serial line that was never told its size says 0 by
/// 0, and is taken for the usual 80 by 24.
pub fn size(file: &(impl AsFd + IsTerminal)) -> Option<Size> {
    if !file.is_terminal() {
        return None;
    }
    let mut window = nix::libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open while borrowed, and the kernel writes one winsize.
    let told = unsafe { get_window_size(file.as_fd().as_raw_fd(), &mut window) };
    match (told, window.ws_col, window.ws_row) {
        (Ok(_), columns @ 1.., rows @ 1..) => Some(Size { columns: columns.into(), rows: rows.into() }),
        (Ok(_) | Err(_), _, _) => Some(Size { columns: 80, rows: 24 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_terminal() {
        let file = std::fs::File::open("/dev/null").expect("/dev/null");
        assert_eq!(size(&file), None);
    }
}
