//! Small files that may be anything: attributes of sysfs, what was kept on flash, marks of others.
//!
//! Why not `fs::read`? It reads to the end, which a file of somebody else may not have, and waits
//! for the other side of a FIFO.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file's first bytes, `most` of them at most. An error for what is no plain file or device
/// that can be read.
pub fn read(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 512];
    while bytes.len() < most {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => bytes.extend(chunk.iter().take(count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(most);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_was_asked_for() {
        let read = |most| read(Path::new("/dev/zero"), most).map(|bytes| bytes.len()).ok();
        assert_eq!((read(4096), read(700), read(0)), (Some(4096), Some(700), Some(0)));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert!(read(Path::new("/nonexistent/file"), 10).is_err());
        assert!(read(Path::new("/proc"), 10).is_err());
    }
}
