//! The program's own code in memory.
//!
//! Contract: [`let_go`] unmaps the pages of code; those that run again come back from the page
//! cache, without a read from flash where they still are there.
//!
//! Why? Starting, opening a modem, dialling and what a person asks are most of the code, and run
//! rarely. Mapped pages are the last that a router short of memory takes back, and the kernel maps
//! sixteen for each that is touched.

#![allow(unsafe_code)]

use std::fs;

use nix::libc;

/// Pages of code are never written to, so nothing is lost; data, also the kind that is only read
/// after the start, is let alone.
pub fn let_go() {
    let Ok(maps) = fs::read_to_string("/proc/self/maps") else { return };
    for (from, to) in maps.lines().filter_map(code) {
        let (Ok(at), Ok(length)) = (usize::try_from(from), usize::try_from(to.saturating_sub(from))) else {
            continue;
        };
        // SAFETY: the range is a private mapping of a file without write access, which MADV_DONTNEED
        // leaves as it is: the next access reads the file again (madvise(2)).
        let told = unsafe { libc::madvise(at as *mut libc::c_void, length, libc::MADV_DONTNEED) };
        if told != 0 {
            log::debug!("madvise: {}", std::io::Error::last_os_error());
        }
    }
}

/// The addresses of a line of proc_pid_maps(5) that maps code of a file.
fn code(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (range, access) = (words.next()?, words.next()?);
    let is_file = words.nth(2)? != "0";
    let (from, to) = range.split_once('-')?;
    let number = |hex| u64::from_str_radix(hex, 16).ok();
    (access == "r-xp" && is_file).then_some((number(from)?, number(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_let_go() {
        let text = "00401000-0054f000 r-xp 00001000 b3:02 1234  /usr/sbin/uwand";
        assert_eq!(code(text), Some((0x0040_1000, 0x0054_f000)));
        for other in [
            "00400000-00401000 r--p 00000000 b3:02 1234  /usr/sbin/uwand",
            "0054f000-00560000 rw-p 00150000 b3:02 1234  /usr/sbin/uwand",
            "7ffd0000-7ffd2000 r-xp 00000000 00:00 0     [vdso]",
            "",
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[test]
    fn the_program_goes_on_after_it() {
        let ranges = || fs::read_to_string("/proc/self/maps").unwrap().lines().filter_map(code).count();
        let before = ranges();
        assert!(before > 0, "there is code to let go of");
        let_go();
        assert_eq!(ranges(), before, "what is let go of stays mapped, and runs");
    }
}
