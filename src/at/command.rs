//! A command line, as far as its answer depends on it: which names it asks for.

use crate::few::Listed;

/// What one command of a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `AT+CNUM`, `AT+CREG?`, `AT+COPS=?`: wants an answer.
    Asks,
    /// `AT+CREG=2`: wants `OK`.
    Sets,
}

/// One command of a line: `+CREG` of `AT+CREG?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// In upper case, without `AT`: `+CREG`, `D`, `E0`, `&F`.
    pub name: String,
    pub form: Form,
    /// What stands behind `=`, as it was written.
    pub value: String,
}

/// The commands of a line (V.250, 5.2.1): extended ones end at a `;`, basic ones may follow
/// each other without any separator. Blanks outside of quotes mean nothing.
pub fn commands(line: &str) -> Vec<Command> {
    let line: String = without_blanks(line);
    let body = match line.get(..2) {
        Some(head) if head.eq_ignore_ascii_case("AT") => line.get(2..).unwrap_or_default(),
        _ => &line,
    };
    let mut commands = Vec::new();
    for part in super::fields::split(body, ';') {
        split_part(part, &mut commands);
    }
    commands
}

/// The name for a log: values may be a PIN or a number.
pub fn shown(line: &str) -> String {
    let names: Vec<String> = commands(line).into_iter().map(|command| command.name).take(8).listed();
    // A dial string is a number.
    let names: Vec<&str> = names.iter().map(|name| if name.starts_with('D') { "D" } else { name }).listed();
    format!("AT{}", names.join(";"))
}

fn without_blanks(line: &str) -> String {
    let mut quoted = false;
    let keep = |c: &char| {
        quoted ^= *c == '"';
        quoted || !(c.is_whitespace() || c.is_control())
    };
    line.chars().filter(keep).collect()
}

fn is_extended(part: &str) -> bool {
    part.starts_with(|c: char| !c.is_ascii_alphanumeric() && c != '&')
}

fn split_part(part: &str, commands: &mut Vec<Command>) {
    if part.is_empty() {
        return;
    }
    if is_extended(part) {
        return commands.push(extended(part));
    }
    // Basic: a letter, or & and a letter, with digits. A dial string takes the rest.
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        if is_extended(rest) {
            return commands.push(extended(rest));
        }
        let length = match first.to_ascii_uppercase() {
            'D' => rest.len(),
            _ => basic_length(rest),
        };
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        commands.push(Command { name: head.to_ascii_uppercase(), form: Form::Asks, value: String::new() });
        rest = tail;
    }
}

/// `S0=1` and `E0` and `&F1`: the letter, then digits, `=` and `?`.
fn basic_length(rest: &str) -> usize {
    let letter = if rest.starts_with('&') { 2 } else { 1 };
    let tail = rest.chars().skip(letter).take_while(|c| c.is_ascii_digit() || matches!(c, '=' | '?'));
    rest.chars().take(letter).map(char::len_utf8).sum::<usize>().saturating_add(tail.count())
}

fn extended(part: &str) -> Command {
    let end = part.find(['=', '?']).unwrap_or(part.len());
    let (name, tail) = part.split_at_checked(end).unwrap_or((part, ""));
    let value = tail.strip_prefix('=').unwrap_or_default();
    let sets = tail.starts_with('=') && value != "?";
    Command {
        name: name.to_ascii_uppercase(),
        form: if sets { Form::Sets } else { Form::Asks },
        value: value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        commands(line).into_iter().map(|command| command.name).collect()
    }

    #[test]
    fn a_line_is_taken_apart_into_its_commands() {
        assert_eq!(names("AT+CREG?;+CGREG?"), ["+CREG", "+CGREG"]);
        assert_eq!(names("ate0q0v1"), ["E0", "Q0", "V1"]);
        assert_eq!(names("AT &F E0 +CMEE=1; +CFUN = 1,1"), ["&F", "E0", "+CMEE", "+CFUN"]);
        assert_eq!(names("ATZ+CFUN=1"), ["Z", "+CFUN"]);
        assert_eq!(names("AT+CUSD=1,\"*1;2#\",15"), ["+CUSD"]);
        assert_eq!(names("ATD*99#;"), ["D*99#"]);
        assert_eq!(names("AT"), [""; 0]);
        assert_eq!(names("AT!ENTERCND=\"A710\""), ["!ENTERCND"]);
        assert_eq!(names("ATS0=1"), ["S0=1"]);
    }

    #[test]
    fn asking_and_setting_are_told_apart() {
        let form = |line| commands(line).pop().map(|command| command.form);
        for line in ["AT+CREG?", "AT+CREG=?", "AT+CNUM", "ATI"] {
            assert_eq!(form(line), Some(Form::Asks), "{line}");
        }
        assert_eq!(form("AT+CREG=2"), Some(Form::Sets));
    }

    #[test]
    fn a_log_shows_names_only() {
        assert_eq!(shown("AT+CPIN=1234;+CMEE=1"), "AT+CPIN;+CMEE");
        assert_eq!(shown("ATD+358401234567;"), "ATD");
    }

    #[test]
    fn strange_lines_come_to_an_end() {
        for line in ["AT&", "ATé", "AT;;;", "AT=\"", "A", "", "AT&é1", "AT\u{0}\"\""] {
            commands(line);
        }
    }
}
