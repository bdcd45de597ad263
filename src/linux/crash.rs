//! The last words of a program that the processor ends.
//!
//! Contract: after [`tell`] a trap, an illegal instruction or a page of the program that flash does
//! not give any more is one line on stderr, signal and address; then the signal does what it always
//! does. Under procd the line goes to the system log, and procd starts us anew.
//!
//! Why? Routers' binaries are built so that a panic is one trapping instruction (`build.sh` in
//! `openwrt-package`). They are linked to fixed addresses: with the symbols of the same release
//! `addr2line -f -e SYMBOLS ADDRESS` names the function.

#![allow(unsafe_code)]

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Where the program counter is in a `ucontext_t`, in bytes; the kernel's
/// arch/*/include/uapi/asm/ucontext.h and sigcontext.h. The libc crate has no such type for MIPS.
const PROGRAM_COUNTER: Option<usize> = if cfg!(target_arch = "x86_64") {
    Some(168)
} else if cfg!(target_arch = "aarch64") {
    Some(440)
} else if cfg!(target_arch = "arm") {
    Some(92)
} else if cfg!(all(target_arch = "mips", target_endian = "big")) {
    // 64 bits wide: the lower half is the second.
    Some(36)
} else if cfg!(target_arch = "mips") {
    Some(32)
} else {
    None
};

/// From now on. A kernel that refuses is nothing to stop for.
pub fn tell() {
    // The default comes back first, so what happens in here, or again after it, ends us.
    let flags = SaFlags::SA_SIGINFO | SaFlags::SA_RESETHAND;
    let action = SigAction::new(SigHandler::SigAction(last_words), flags, SigSet::empty());
    for signal in [Signal::SIGILL, Signal::SIGTRAP, Signal::SIGBUS] {
        // SAFETY: the handler only calls what signal-safety(7) lists, and touches no memory of others.
        let _ = unsafe { sigaction(signal, &action) };
    }
}

extern "C" fn last_words(signal: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let address = PROGRAM_COUNTER.map_or(0, |offset| {
        // SAFETY: with SA_SIGINFO the kernel passes a ucontext_t, which reaches beyond the offset.
        unsafe { context.cast::<u8>().add(offset).cast::<usize>().read_unaligned() }
    });
    let line = line(signal.unsigned_abs(), address);
    // SAFETY: write(2) of a buffer of ours, and raise(3). The signal is blocked until we return, so
    // also one that another process sent ends us then.
    unsafe {
        libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len());
        libc::raise(signal);
    }
}

const LINE: &str =
    concat!("uwand ", env!("CARGO_PKG_VERSION"), ": error: ended by signal 00 at 0x0000000000000000\n");
/// From the line's end.
const SIGNAL: usize = LINE.len() - 25;
const ADDRESS: usize = LINE.len() - 17;

/// Without an allocation: the heap may be what is broken.
fn line(signal: u32, address: usize) -> [u8; LINE.len()] {
    let mut line = [0; LINE.len()];
    line.copy_from_slice(LINE.as_bytes());
    digits(&mut line[SIGNAL..SIGNAL + 2], signal as usize, 10);
    digits(&mut line[ADDRESS..ADDRESS + 16], address, 16);
    line
}

fn digits(place: &mut [u8], mut number: usize, base: usize) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[number % base];
        number /= base;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn the_line_has_signal_and_address_in_their_places() {
        let line = String::from_utf8(line(5, 0x1_f00d).to_vec()).unwrap();
        assert!(line.ends_with("error: ended by signal 05 at 0x000000000001f00d\n"), "{line:?}");
    }

    /// In a child, which must not allocate: other threads of the tests may hold the allocator.
    #[test]
    fn a_trap_tells_an_address_of_the_program_and_ends_it() {
        let (mut from, to) = std::io::pipe().unwrap();
        // SAFETY: the child makes system calls only, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            tell();
            // SAFETY: plain system calls.
            unsafe {
                libc::dup2(to.as_raw_fd(), libc::STDERR_FILENO);
                libc::raise(libc::SIGTRAP);
                libc::_exit(0);
            }
        }
        drop(to);
        let mut told = String::new();
        from.read_to_string(&mut told).unwrap();
        let mut status = 0;
        // SAFETY: waits for the child of above.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGTRAP, "status {status:x}");
        let address = told
            .split_once(" 05 at 0x")
            .and_then(|(_, rest)| rest.get(..16))
            .unwrap_or_else(|| panic!("{told:?}"));
        let address = u64::from_str_radix(address, 16).unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let is_code = maps.lines().filter(|line| line.contains(" r-xp ")).any(|line| {
            let (from, rest) = line.split_once('-').unwrap();
            let number = |hex| u64::from_str_radix(hex, 16).unwrap();
            (number(from)..number(rest.split(' ').next().unwrap())).contains(&address)
        });
        assert!(is_code, "{told:?} is not in\n{maps}");
    }
}
