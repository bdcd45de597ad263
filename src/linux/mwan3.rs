//! The firewall mark by which mwan3 leaves traffic to the main routing table.
//!
//! mwan3 marks whatever leaves the router, and its rules then route by that mark: a probe over a link
//! that they take for offline would be sent into a table without a way. Its own trackers put the
//! mark of its `default` policy on their probes, which is all bits of its mask (`mwan3_init` and
//! `mwan3_id2mask` of mwan3's common.sh); the mask in use stands in `/var/run/mwan3/mmx_mask`, as the
//! shell reads numbers, for as long as mwan3 runs.
//!
//! Contract: without that file there is no mark. With one that cannot be understood there is none
//! either, and the log says so once.

use std::cell::Cell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::files;

/// Longer than any number.
const MOST: usize = 32;

/// mwan3's mask, whether or not there is a mwan3.
pub struct Mask {
    file: PathBuf,
    told: Cell<bool>,
}

impl Mask {
    /// mwan3's directory is where ours is: both are in `/var/run`.
    pub fn beside(run_dir: &Path) -> Mask {
        Mask { file: run_dir.with_file_name("mwan3").join("mmx_mask"), told: Cell::new(false) }
    }

    /// As it is now: mwan3 starts, ends and is configured anew beside us.
    pub fn mark(&self) -> Option<u32> {
        let why = match files::read(&self.file, MOST) {
            Ok(text) => match parse(&String::from_utf8_lossy(&text)) {
                Some(mark) => {
                    self.told.set(false);
                    return Some(mark);
                }
                None => "not a mask".to_string(),
            },
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return None;
            }
            Err(error) => error.to_string(),
        };
        if !self.told.replace(true) {
            log::warn!("{}: {why}; probes carry no mark of mwan3's", self.file.display());
        }
        None
    }
}

/// `0x3f00`; a mask without bits marks nothing.
fn parse(text: &str) -> Option<u32> {
    let text = text.trim();
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hex.map_or((text, 10), |digits| (digits, 16));
    let plain = digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
    u32::from_str_radix(digits, radix).ok().filter(|mask| plain && *mask != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_mask_is_read_as_the_shell_reads_numbers() {
        assert_eq!(parse("0x3f00\n"), Some(0x3f00));
        assert_eq!(parse(" 0XFF00 "), Some(0xff00));
        assert_eq!(parse("16128"), Some(0x3f00));
        for wrong in
            ["", "\n", "0x", "0x0", "0", "-1", "+3", "0x+3f", "3f00", "0x1ffffffff", "0x3f00 0x1", "٣"]
        {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn without_mwan3_there_is_no_mark_and_what_makes_no_sense_is_said_once() {
        let dir = std::env::temp_dir().join(format!("uwand-mwan3-{}", std::process::id()));
        let mask = Mask::beside(&dir.join("uwand"));
        assert_eq!((mask.mark(), mask.told.get()), (None, false));
        fs::create_dir_all(dir.join("mwan3")).expect("made");
        let file = dir.join("mwan3/mmx_mask");
        let long = "9".repeat(100_000);
        let cases: [(&[u8], _, _); 5] = [
            (b"0x3f00\n", Some(0x3f00), false),
            (b"mask", None, true),
            (&[0xff, 0xfe], None, true),
            (b"0xff00", Some(0xff00), false),
            (long.as_bytes(), None, true),
        ];
        for (bytes, mark, told) in cases {
            fs::write(&file, bytes).expect("written");
            assert_eq!((mask.mark(), mask.told.get()), (mark, told));
        }
        fs::remove_dir_all(dir.join("mwan3")).expect("removed");
        fs::write(dir.join("mwan3"), "a file in the directory's place").expect("written");
        assert_eq!(mask.mark(), None);
        fs::remove_dir_all(&dir).expect("removed");
    }
}
