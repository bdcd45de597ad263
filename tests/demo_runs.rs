//! The demo, as the README has newcomers start it.

mod skip;
use std::path::PathBuf;
use std::process::Command;

/// Ends with 0 and its own word that all went well; leaves nothing behind.
fn demo(arguments: &[&str]) -> String {
    // Beside this test's directory, where cargo puts examples before it runs tests.
    let own = std::env::current_exe().unwrap();
    let program: PathBuf = own.parent().unwrap().with_file_name("examples").join("demo");
    let name = format!("uwand-demo-{}{}", std::process::id(), arguments.concat());
    let temporary = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&temporary).unwrap();
    let output = Command::new(program).args(arguments).env("TMPDIR", &temporary).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(std::fs::read_dir(&temporary).unwrap().next().is_none(), "files are left");
    std::fs::remove_dir_all(temporary).unwrap();
    out.into_owned()
}

#[test]
fn the_demo_ends_well() {
    let told = demo(&[]);
    assert!(told.contains("All as it should be"), "{told}");
    assert!(!told.contains('\x1b'), "colour on a pipe");
    if !told.contains("pings.") {
        skip::skipped("no network namespace or no /dev/net/tun here: the demo sent no packets");
    }
}

#[test]
fn the_demo_ends_well_where_namespaces_are_forbidden() {
    let told = demo(&["--no-namespace"]);
    assert!(told.contains("no packets") && told.contains("All as it should be"), "{told}");
}
