//! Names of threads, without `printf`.
//!
//! Contract: takes the place of musl's `pthread_setname_np`, which the standard library calls for
//! the thread that it is in. musl's can name others too, through a file whose path it prints: with
//! `vfprintf` and its floating point that is 10 KB of a router's binary, for nothing else.

#![allow(unsafe_code)]

use std::ffi::{c_char, c_int};

use nix::libc;

/// 0, or an error number (`ESRCH` for a thread that is not the caller).
///
/// # Safety
/// `name` is a C string, of which prctl(2) takes 15 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_setname_np(thread: libc::pthread_t, name: *const c_char) -> c_int {
    // SAFETY: pthread_self(3) returns a number; prctl(PR_SET_NAME) reads the caller's string.
    unsafe {
        if thread != libc::pthread_self() {
            return libc::ESRCH;
        }
        libc::prctl(libc::PR_SET_NAME, name)
    }
}
