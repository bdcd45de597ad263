//! Where the real program is: beside this one, as cargo lays them out.
//!
//! Why not cargo's own variable? It is there for tests and benches, not for examples; and for
//! an example cargo does not build the program, so this does.

use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: &str = "uwand";

/// Names another program to show: that of another processor, under an emulator.
const OTHER: &str = "UWAND_BIN";

/// The program of the same build as this example, built anew where that is needed.
pub fn find() -> Result<PathBuf, String> {
    if let Some(other) = std::env::var_os(OTHER) {
        return Ok(PathBuf::from(other));
    }
    let own = std::env::current_exe().map_err(|error| format!("no path of this program: {error}"))?;
    let directory =
        own.parent().and_then(Path::parent).ok_or("this program is not where cargo puts examples")?;
    let program = directory.join(NAME);
    let built = build(directory);
    if program.exists() {
        return Ok(program);
    }
    Err(format!(
        "no {}: {}",
        program.display(),
        built.err().unwrap_or_else(|| "cargo built it elsewhere".into())
    ))
}

/// Quick where nothing changed. Fails where cargo is not there, as on another machine.
fn build(directory: &Path) -> Result<(), String> {
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // With the example named too, crates have the features that it was just built with, and are
    // not built a second time.
    command.args(["build", "--quiet", "--bin", NAME, "--example", "demo", "--profile", profile]);
    let result = command.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    match result {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo build: {status}")),
        Err(error) => Err(format!("cargo build: {error}")),
    }
}

/// As a person in this directory would type it.
pub fn typed(program: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    program.strip_prefix(here).unwrap_or(program).display().to_string()
}
