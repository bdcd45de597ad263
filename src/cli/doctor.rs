//! `uwand doctor`: the findings for people. It looks itself, so that it works without daemon
//! and without ubus.

use super::args::Request;
use super::pattern::{joined, row};
use super::show::list;
use super::table::{Page, Paint, Style};
use super::{Failure, bus, output, print};
use crate::doctor::{Place, findings, reply};
use crate::globals::Globals;
use crate::json::{Value, json};
use crate::ubus::call::call;

pub fn run(globals: &Globals, request: &Request) -> Result<(), Failure> {
    let status = bus::ask(globals, "status", &json!({}));
    let handlers = call(&globals.ubus_sockets, "network", "get_proto_handlers", &json!({}), bus::LIMIT).ok();
    let status = status.as_ref().map_err(String::as_str);
    let reply = reply(&findings(&Place::new(&globals.sysfs), status, handlers.as_ref()));
    print(request, &reply, |reply| page(reply, &output::style()))
}

/// What is wrong first.
fn page(reply: &Value, style: &Style) -> String {
    let mut page = Page::new(style);
    let findings = list(reply, "findings");
    for (result, paint) in [("fail", Paint::Bad), ("warn", Paint::Warn), ("ok", Paint::Good)] {
        for finding in findings.iter().filter(|f| f.get("result").and_then(Value::as_str) == Some(result)) {
            let what = joined("", finding, " {check=}: {what=}");
            page.line(&(style.paint(paint, &format!("{result:4}")) + &what));
            row(&mut page, "because", Paint::Plain, finding, "{why}");
            row(&mut page, "do", Paint::Plain, finding, "{remedy}");
        }
    }
    let count = |result: &str| {
        findings.iter().filter(|f| f.get("result").and_then(Value::as_str) == Some(result)).count()
    };
    page.line("");
    page.line(&format!("{} wrong, {} to look at, {} well", count("fail"), count("warn"), count("ok")));
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_comes_first_with_its_remedy() {
        let reply = json!({"findings": [
            {"check": "clock", "result": "ok", "what": "the clock is set"},
            {"check": "modem", "result": "fail", "what": "none\u{1b}[2J", "why": "no driver", "remedy": "install it"},
        ]});
        let expected = "fail modem: none?[2J\n  because      no driver\n  do           install it\n\
            ok   clock: the clock is set\n\n1 wrong, 0 to look at, 1 well\n";
        assert_eq!(page(&reply, &Style::PLAIN), expected);
    }
}
