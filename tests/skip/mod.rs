//! The one way to skip: a line that is seen even though the test runner keeps what passing
//! tests print.

use std::io::Write;

/// Says why a test did nothing: `skipped: WHY`.
pub fn skipped(why: &str) {
    // Not eprintln!, which the runner captures.
    let _ = writeln!(std::io::stderr().lock(), "skipped: {why}");
}
