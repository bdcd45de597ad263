//! `+CGDCONT`: defined PDP contexts; `+CGACT`: which are active; `+CFUN` (3GPP TS 27.007, 10.1, 8.2).

use crate::at::fields::Fields;
use crate::words::PdpType;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    pub id: u32,
    /// `None` for PPP and what else nobody uses.
    pub kind: Option<PdpType>,
    pub apn: String,
}

/// `+CGDCONT: <cid>,<PDP_type>,<APN>,…`.
pub fn context(line: &str) -> Option<Context> {
    let fields = Fields::after(line, "+CGDCONT").filter(|_| !line.contains('('))?;
    let kind = match fields.text(1)?.to_ascii_uppercase().as_str() {
        "IP" | "IPV4" => Some(PdpType::Ipv4),
        "IPV6" => Some(PdpType::Ipv6),
        "IPV4V6" => Some(PdpType::Ipv4v6),
        _ => None,
    };
    Some(Context { id: fields.small(0)?, kind, apn: fields.text(2).unwrap_or_default().to_owned() })
}

/// `+CGACT: <cid>,<state>`.
pub fn active(line: &str) -> Option<(u32, bool)> {
    let fields = Fields::after(line, "+CGACT")?;
    Some((fields.small(0)?, fields.small(1)? == 1))
}

/// `+CFUN: <fun>[,…]`: 1 is full, 0 and 4 are without radio, others are vendors' own.
pub fn functionality(line: &str) -> Option<u32> {
    Fields::after(line, "+CFUN")?.small(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_have_many_more_fields_than_needed() {
        let found = context("+CGDCONT: 1,\"IPV4V6\",\"internet\",\"0.0.0.0\",0,0,0,0,,,,\"\",,,,0")
            .expect("a context");
        assert_eq!((found.id, found.kind, found.apn.as_str()), (1, Some(PdpType::Ipv4v6), "internet"));
        assert_eq!(context("+CGDCONT: (1-11),\"IP\",,,(0-2)"), None);
        assert_eq!(active("+CGACT: 7,0"), Some((7, false)));
        assert_eq!(functionality("+CFUN: 1,0"), Some(1));
    }
}
