//! `--interface` and `--modem`: the part of a `status` reply that was asked for.
//!
//! Contract: pure. What is not there is an error that names what is.

use super::show::{list, text};
use crate::few::Listed;
use crate::json::{Value, json};

/// The reply with the chosen interface and its modem, or the chosen modem and its interfaces.
pub fn narrowed(reply: &Value, interface: Option<&str>, modem: Option<&str>) -> Result<Value, String> {
    let mut interfaces: Vec<&Value> = list(reply, "interfaces").iter().listed();
    let mut modems: Vec<&Value> = list(reply, "modems").iter().listed();
    if let Some(name) = modem {
        let id = modem_id(reply, name)?;
        modems.retain(|modem| text(modem, "id").as_deref() == Some(&id));
        interfaces.retain(|interface| text(interface, "modem").as_deref() == Some(&id));
    }
    if let Some(name) = interface {
        let id = find_interface(reply, name)?.map(|id| id.to_string());
        interfaces.retain(|interface| text(interface, "interface").as_deref() == Some(name));
        modems.retain(|modem| modem_is(modem, id.as_deref()));
        if interfaces.is_empty() {
            return Err(format!(
                "--interface '{name}': it does not use modem '{}'",
                modem.unwrap_or_default()
            ));
        }
    }
    let mut narrow = reply.clone();
    narrow["interfaces"] = json!(interfaces);
    narrow["modems"] = json!(modems);
    Ok(narrow)
}

fn modem_is(modem: &Value, id: Option<&str>) -> bool {
    id.is_some() && modem.get("id").and_then(Value::as_str) == id
}

/// The interface to act on: the named one, or the only one.
pub fn one_interface(reply: &Value, name: Option<&str>) -> Result<String, String> {
    if let Some(name) = name {
        find_interface(reply, name)?;
        return Ok(name.to_string());
    }
    match names(list(reply, "interfaces"), "interface").as_slice() {
        [] => Err("no interface uses proto 'uwand'; add one to /etc/config/network".to_string()),
        [only] => Ok(only.clone()),
        several => Err(format!("which interface? Say --interface with one of {}", several.join(", "))),
    }
}

/// The modem of the interface called so; `None` while it has none.
pub fn find_interface<'a>(reply: &'a Value, name: &str) -> Result<Option<&'a str>, String> {
    let interfaces = list(reply, "interfaces");
    let found = interfaces.iter().find(|each| each.get("interface").and_then(Value::as_str) == Some(name));
    match found {
        Some(interface) => Ok(interface.get("modem").and_then(Value::as_str)),
        None => Err(format!("--interface '{name}': {}", known(&names(interfaces, "interface"), "interface"))),
    }
}

/// The id of the modem called so: by its id, its control device or its network device.
pub fn modem_id(reply: &Value, name: &str) -> Result<String, String> {
    let modems = list(reply, "modems");
    let is = |modem: &Value, key: &str| modem.get(key).and_then(Value::as_str) == Some(name);
    let by = |key: &str| modems.iter().find(|modem| is(modem, key));
    let found = by("id").or_else(|| by("device")).or_else(|| by("netdev"));
    let id = found.and_then(|modem| modem.get("id")).and_then(Value::as_str);
    id.map(String::from).ok_or_else(|| format!("--modem '{name}': {}", known(&names(modems, "id"), "modem")))
}

fn names(values: &[Value], key: &str) -> Vec<String> {
    values.iter().filter_map(|value| text(value, key)).listed()
}

fn known(names: &[String], what: &str) -> String {
    match names {
        [] => format!("no such {what}, nor any other"),
        names => format!("no such {what}; there is {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Value {
        json!({
            "version": "0.1.0",
            "interfaces": [
                {"interface": "wan", "modem": "1-1.2"},
                {"interface": "backup", "modem": "1-1.4"},
                {"interface": "lost"},
            ],
            "modems": [{"id": "1-1.2", "device": "/dev/cdc-wdm0"}, {"id": "1-1.4", "netdev": "wwan1"}],
        })
    }

    fn shown(interface: Option<&str>, modem: Option<&str>) -> Result<[usize; 2], String> {
        let narrow = narrowed(&reply(), interface, modem)?;
        assert_eq!(narrow["version"], "0.1.0");
        Ok([list(&narrow, "interfaces").len(), list(&narrow, "modems").len()])
    }

    #[test]
    fn a_filter_shows_the_one_and_its_other_half() {
        assert_eq!(shown(None, None), Ok([3, 2]));
        assert_eq!(shown(Some("wan"), None), Ok([1, 1]));
        assert_eq!(shown(Some("lost"), None), Ok([1, 0]));
        assert_eq!(shown(None, Some("/dev/cdc-wdm0")), Ok([1, 1]));
        assert_eq!(shown(Some("backup"), Some("wwan1")), Ok([1, 1]));
    }

    #[test]
    fn what_is_not_there_is_told_with_what_is() {
        let error = shown(Some("wlan"), None).expect_err("not there");
        assert_eq!(error, "--interface 'wlan': no such interface; there is wan, backup, lost");
        let error = shown(None, Some("2-1")).expect_err("not there");
        assert_eq!(error, "--modem '2-1': no such modem; there is 1-1.2, 1-1.4");
        assert!(shown(Some("wan"), Some("1-1.4")).is_err());
        assert!(modem_id(&Value::Null, "x").expect_err("none").contains("nor any other"));
    }

    #[test]
    fn the_only_interface_needs_no_name() {
        assert_eq!(one_interface(&json!({"interfaces": [{"interface": "wan"}]}), None), Ok("wan".into()));
        assert_eq!(one_interface(&reply(), Some("lost")), Ok("lost".into()));
        let error = one_interface(&reply(), None).expect_err("which");
        assert_eq!(error, "which interface? Say --interface with one of wan, backup, lost");
        assert!(one_interface(&Value::Null, None).is_err());
    }
}
