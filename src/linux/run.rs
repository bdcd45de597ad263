//! Another program, run to its end.
//!
//! Contract: the program is looked for in PATH and has our environment. What it reads and what it
//! prints are files in memory, so it never waits for us; it runs for as long as it likes.
//!
//! Why not `std::process::Command`? That can do everything, for twelve kilobytes of a router's
//! flash: environments in a tree, pipes that are polled, users and groups.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::ptr;

use nix::libc;
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::few::Listed;

unsafe extern "C" {
    /// environ(7); the libc crate has it for some C libraries only.
    static environ: *const *mut libc::c_char;
}

/// A program that ended.
pub struct Ran {
    /// By itself, with status 0.
    pub succeeded: bool,
    pub output: String,
    pub errors: String,
}

/// Gives it `input` to read. An error: it cannot be run.
pub fn run(program: &str, arguments: &[&str], input: &str) -> io::Result<Ran> {
    let mut files = [memory(input)?, memory("")?, memory("")?];
    let mut words = vec![CString::new(program)?];
    for argument in arguments {
        words.push(CString::new(*argument)?);
    }
    let child = start(&words, &files)?;
    let succeeded = wait(child)? == 0;
    let [_, output, errors] = &mut files;
    Ok(Ran { succeeded, output: whole(output)?, errors: whole(errors)? })
}

/// A file at its beginning, with this in it.
fn memory(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create(c"uwand", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

fn whole(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Starts the program that the first word names, with the files as its standard ones. std keeps
/// the first three descriptors open from the start, so none of the files is one of them.
fn start(words: &[CString], files: &[File; 3]) -> io::Result<libc::pid_t> {
    let mut pointers: Vec<*mut libc::c_char> = words.iter().map(|word| word.as_ptr().cast_mut()).listed();
    let program = pointers.first().copied().unwrap_or(ptr::null_mut());
    pointers.push(ptr::null_mut());
    let (mut actions, mut child) = (MaybeUninit::zeroed(), 0);
    // SAFETY: `init` makes the actions before they are used, and they are destroyed once. The
    // words live until the call is over; posix_spawnp(3) does not change them. The environment is
    // the process's own, which nothing changes after the start.
    let error = unsafe {
        let mut error = libc::posix_spawn_file_actions_init(actions.as_mut_ptr());
        for (file, standard) in files.iter().zip(0..) {
            if error == 0 {
                let (actions, file) = (actions.as_mut_ptr(), file.as_raw_fd());
                error = libc::posix_spawn_file_actions_adddup2(actions, file, standard);
            }
        }
        if error == 0 {
            let (actions, words) = (actions.as_ptr(), pointers.as_ptr());
            error = libc::posix_spawnp(&mut child, program, actions, ptr::null(), words, environ);
        }
        libc::posix_spawn_file_actions_destroy(actions.as_mut_ptr());
        error
    };
    if error == 0 { Ok(child) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// What wait(2) says of its end; 0 is the status 0.
fn wait(child: libc::pid_t) -> io::Result<libc::c_int> {
    let mut status = 0;
    // SAFETY: the kernel writes one int to the address given.
    while unsafe { libc::waitpid(child, &mut status, 0) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_its_input_and_both_of_its_outputs_are_kept() {
        let long = "line\n".repeat(100_000);
        let ran = run("sh", &["-c", "cat; echo \"$0\" >&2", "a word"], &long).unwrap();
        assert!(ran.succeeded);
        assert_eq!((ran.output.len(), ran.errors.as_str()), (long.len(), "a word\n"));
    }

    #[test]
    fn a_program_that_fails_or_is_killed_has_not_succeeded() {
        for script in ["exit 3", "kill -9 $$"] {
            assert!(!run("sh", &["-c", script], "").unwrap().succeeded, "{script}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let error = run("uwand-has-no-such-program", &[], "").map(|ran| ran.succeeded).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(run("sh", &["a\0b"], "").is_err());
    }
}
