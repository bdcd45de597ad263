//! The program's own code in memory, its stack, and the table behind its heap.
//!
//! Contract: [`let_go_soon`] is told of work that does not come every minute; when it has been
//! quiet for a moment the pages of code are unmapped, once, and what the stack grew to is given
//! back. Code that runs again comes back from the page cache, without a read from flash where it
//! still is there.
//!
//! Why? Starting, opening a modem, dialling and what a person asks are most of the code, and run
//! rarely. Mapped pages are the last that a router short of memory takes back, and the kernel maps
//! sixteen for each that is touched.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::fs;
use std::time::Duration;

use nix::libc;
use tokio::time::Instant;

use crate::task::sleep_until;

const QUIET: Duration = Duration::from_secs(2);

thread_local! {
    /// When it is quiet, unless more is done; somebody waits for it.
    static QUIET_AT: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Takes room for a burst in the C library's table of what it gave out. musl writes down a hundred
/// groups of pieces a page (mallocng, `struct meta`) and never gives such a page back; idle there are
/// some sixty. So a router has from the start what it will have for months.
#[cfg(target_env = "musl")]
pub fn take_table() {
    const GROUPS: usize = 102;
    /// Larger than what shares a group (`MMAP_THRESHOLD`).
    const LARGE: usize = 128 * 1024;
    let mut groups: [Vec<u8>; GROUPS] = std::array::from_fn(|_| Vec::new());
    for group in &mut groups {
        // Without room for it now, the page is taken when a burst wants it.
        let _ = group.try_reserve_exact(LARGE);
    }
    drop(std::hint::black_box(groups));
}

/// Other C libraries give it back.
#[cfg(not(target_env = "musl"))]
pub fn take_table() {}

/// Something was done that is not done all the time.
pub fn let_go_soon() {
    if QUIET_AT.replace(Some(Instant::now() + QUIET)).is_some() {
        return;
    }
    crate::task::spawn(async {
        while let Some(quiet) = QUIET_AT.get().filter(|quiet| *quiet > Instant::now()) {
            sleep_until(quiet).await;
        }
        QUIET_AT.set(None);
        let_go();
    });
}

/// Pages of code are never written to, so nothing is lost; data, also the kind that is only read
/// after the start, is let alone. So is the stack, but for what once was below here.
#[inline(never)]
fn let_go() {
    let Ok(maps) = fs::read_to_string("/proc/self/maps") else { return };
    let here = 0_u8;
    let unused = dead_stack(&maps, std::ptr::from_ref(&here).addr(), page());
    for (from, to) in maps.lines().filter_map(code).chain(unused) {
        // SAFETY: either a private mapping of a file without write access, which MADV_DONTNEED
        // leaves as it is: the next access reads the file again (madvise(2)). Or stack below a page
        // that is below this frame, where nothing lives: frames yet to come write before they read.
        let told = unsafe { libc::madvise(from as *mut libc::c_void, to - from, libc::MADV_DONTNEED) };
        if told != 0 {
            log::debug!("madvise: {}", std::io::Error::last_os_error());
        }
    }
}

fn page() -> usize {
    // SAFETY: sysconf(3) reads a number.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(1 << 16)
}

/// The addresses of a line of proc_pid_maps(5) that maps code of a file.
fn code(line: &str) -> Option<(usize, usize)> {
    let (range, access, is_file) = mapping(line)?;
    (access == "r-xp" && is_file).then_some(range)
}

/// The stack more than a page below `here`, if that is on the process's own stack.
fn dead_stack(maps: &str, here: usize, page: usize) -> Option<(usize, usize)> {
    let line = maps.lines().find(|line| line.ends_with("[stack]"))?;
    let ((from, to), ..) = mapping(line)?;
    let end = (here / page).checked_sub(1)? * page;
    (from < end && here < to).then_some((from, end))
}

fn mapping(line: &str) -> Option<((usize, usize), &str, bool)> {
    let mut words = line.split_whitespace();
    let (range, access) = (words.next()?, words.next()?);
    let is_file = words.nth(2)? != "0";
    let (from, to) = range.split_once('-')?;
    let number = |hex| usize::from_str_radix(hex, 16).ok();
    let range = (number(from)?, number(to)?);
    (range.0 <= range.1).then_some((range, access, is_file))
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
    fn the_stack_is_let_go_of_a_page_below_what_is_in_use() {
        let maps = "00400000-00401000 r--p 00000000 b3:02 1234  /usr/sbin/uwand
7f100000-7f121000 rw-p 00000000 00:00 0          [stack]
";
        assert_eq!(dead_stack(maps, 0x7f12_0800, 4096), Some((0x7f10_0000, 0x7f11_f000)));
        for elsewhere in [0x7f10_0800, 0x7f10_1800, 0x7f12_2000, 0x0040_0800, 0] {
            assert_eq!(dead_stack(maps, elsewhere, 4096), None, "{elsewhere:x}");
        }
        assert_eq!(dead_stack("", 0x7f12_0800, 4096), None);
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
