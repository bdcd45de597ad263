//! Every word of the outside is spelled once in the code; here the README is held to it.

#[path = "vocabulary/luci.rs"]
mod luci;

use std::collections::BTreeSet;

use uwand::cause::Cause;
use uwand::cli::args::{Invocation, UWAND, parse};
use uwand::config::OPTIONS;
use uwand::daemon::METHODS;
use uwand::globals::Globals;
use uwand::words::LinkState;

const README: &str = include_str!("../README.md");

/// The rows of the README's table under this head, each as its cells.
fn table(head: &str) -> Vec<Vec<String>> {
    let mut lines = README.lines().skip_while(|line| !line.starts_with(head));
    assert!(lines.next().is_some(), "README.md has no table that begins with {head}");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect();
    rows.map(cells).collect()
}

/// The word in backquotes that a cell begins with.
fn code(cell: &str) -> String {
    cell.trim_start_matches('`').split('`').next().unwrap_or_default().to_string()
}

fn first_words(head: &str) -> Vec<String> {
    table(head).iter().filter_map(|row| row.first()).map(|cell| code(cell)).collect()
}

#[test]
fn the_readme_lists_every_option_with_its_default() {
    let rows = table("| option | default | meaning |");
    let told: Vec<(String, String)> = rows.iter().map(|row| (code(&row[0]), row[1].clone())).collect();
    let default = |default: &str| if default.is_empty() { "–".to_string() } else { default.to_string() };
    let known: Vec<_> =
        OPTIONS.iter().map(|option| (option.name.to_string(), default(option.default))).collect();
    assert_eq!(told, known);
}

#[test]
fn the_readme_lists_every_state() {
    let known: Vec<&str> = LinkState::ALL.iter().map(|state| state.as_str()).collect();
    assert_eq!(first_words("| state |"), known);
}

#[test]
fn the_readme_lists_every_error_code() {
    assert_eq!(first_words("| error |"), Cause::CODES);
}

/// Every word in backquotes of a cell.
fn codes(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_string).collect()
}

#[test]
fn the_readme_lists_every_method_with_its_arguments() {
    let told: BTreeSet<(String, BTreeSet<String>)> =
        table("| method | arguments | reply |").iter().map(|row| (code(&row[0]), codes(&row[1]))).collect();
    let arguments = |args: &[(&str, _)]| args.iter().map(|(name, _)| name.to_string()).collect();
    let known: BTreeSet<(String, BTreeSet<String>)> =
        METHODS.iter().map(|method| (method.name.to_string(), arguments(method.args))).collect();
    assert_eq!(told, known);
}

#[test]
fn the_readme_lists_every_command() {
    let told: BTreeSet<String> =
        first_words("| command |").iter().map(|word| word.replace("uwand ", "")).collect();
    let known: BTreeSet<String> = UWAND.commands.iter().map(|command| command.name.to_string()).collect();
    assert_eq!(told, known);
}

#[test]
fn the_readme_and_the_help_list_every_global_option_and_its_variable() {
    let rows = table("| option | environment | default |");
    let told: BTreeSet<String> =
        rows.iter().map(|row| code(&row[0]).split(' ').next().unwrap_or_default().to_string()).collect();
    let known: BTreeSet<String> =
        UWAND.options.iter().copied().flatten().map(|option| format!("--{}", option.name)).collect();
    assert_eq!(told, known);
    let line = ["uwand", "--help"].map(Into::into);
    let Ok(Invocation::Print(help)) = parse(line.into_iter(), Globals::default()) else { panic!("help") };
    for row in rows {
        assert!(help.contains(&code(&row[1])), "--help does not tell {}", row[1]);
    }
}
