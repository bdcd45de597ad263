//! PURE. What a probe asks: the forms of option `watchdog_target`, read and written.
//!
//! Contract: [`Target::read`] takes what a person typed and gives the remedy where it fits no
//! form; what it lets through goes into packets as it is, so a host has only the characters of
//! host names and a path only visible ASCII. [`Target::cost`] is what one probe costs on a metered link.
//!
//! Why not let a bare name be pinged? It would need DNS first, and a watchdog that mistakes a
//! dead DNS server for a dead link repairs what is whole. Names are for those who ask for them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What is asked, in the forms of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// `1.1.1.1`: an ICMP echo.
    Icmp(IpAddr),
    /// `dns:9.9.9.9`: a DNS query that any resolver answers out of its cache.
    Dns(SocketAddr),
    /// `tcp:HOST:PORT`: a connection that is opened and dropped.
    Tcp { host: Host, port: u16 },
    /// `http://HOST/…`: the first line of an answer.
    Http { host: Host, port: u16, path: String },
}

/// A host by address, or by a name that is asked for over the link itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    Address(IpAddr),
    Name(String),
}

/// All forms, for a person.
pub const FORMS: &str = "use an IP address, dns:ADDRESS, tcp:HOST:PORT or http://HOST/…";

const DNS: u16 = 53;
const HTTP: u16 = 80;
/// RFC 1035, 2.3.4.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;
const LONGEST_PATH: usize = 512;

/// Bytes of an echo's payload: what tells our answers from others.
pub const ECHO_PAYLOAD: u32 = 4;
/// The query for the root's SOA is 17 bytes; the answer one record more (7 + 11 + 64 bytes).
const DNS_BOTH: u32 = 17 + 17 + 75;
/// A query for a name and an answer of a few records.
const NAME_BOTH: u32 = 2 * 40 + 48;
/// The largest answer that the small receive buffer of a probe lets come, about.
const HTTP_ANSWER: u32 = 1024;

impl Target {
    /// Reads a target; an error names the value and the remedy.
    pub fn parse(text: &str) -> Result<Target, String> {
        Target::read(text).map_err(|remedy| {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
            format!("'{shown}': {remedy}")
        })
    }

    /// Reads a target; an error is the remedy alone.
    pub fn read(text: &str) -> Result<Target, &'static str> {
        match text.split_once(':') {
            Some(("dns", server)) => server_of(server).map(Target::Dns),
            Some(("tcp", service)) => match host_and_port(service)? {
                (host, Some(port)) => Ok(Target::Tcp { host, port }),
                (_, None) => Err("use an IP address, or tcp:HOST:PORT with a port from 1 to 65535"),
            },
            Some(("http", url)) => read_url(url.strip_prefix("//").ok_or(FORMS)?),
            Some(("https", _)) => {
                Err("use an IP address or tcp:HOST:443; a probe does not speak TLS, only http://")
            }
            _ => reachable(address(text).ok_or(FORMS)?).map(Target::Icmp),
        }
    }

    /// Bytes that one answered probe costs, both ways, with IP headers and without those of the link.
    pub fn cost(&self) -> u32 {
        match self {
            Target::Icmp(address) => 2 * (ip_header(address) + 8 + ECHO_PAYLOAD),
            Target::Dns(server) => 2 * (ip_header(&server.ip()) + 8) + DNS_BOTH,
            Target::Tcp { host, .. } => host.cost() + tcp_cost(host),
            Target::Http { host, path, .. } => {
                let request = u32::try_from(path.len()).unwrap_or(u32::MAX).saturating_add(80);
                // Request and answer, an acknowledgement for each.
                let packets = 4 * (host.header() + 32);
                (host.cost() + tcp_cost(host) + packets + HTTP_ANSWER).saturating_add(request)
            }
        }
    }

    /// The address family that is needed; `None` where a name decides.
    pub fn is_v6(&self) -> Option<bool> {
        match self {
            Target::Icmp(address) => Some(address.is_ipv6()),
            Target::Dns(server) => Some(server.is_ipv6()),
            Target::Tcp { host, .. } | Target::Http { host, .. } => match host {
                Host::Address(address) => Some(address.is_ipv6()),
                Host::Name(_) => None,
            },
        }
    }
}

impl Host {
    fn header(&self) -> u32 {
        match self {
            Host::Address(address) => ip_header(address),
            // Names are asked for IPv4 first.
            Host::Name(_) => 20,
        }
    }

    /// What it costs to find the address.
    fn cost(&self) -> u32 {
        match self {
            Host::Address(_) => 0,
            Host::Name(name) => {
                2 * (20 + 8) + NAME_BOTH + 2 * u32::try_from(name.len()).unwrap_or(u32::MAX / 4)
            }
        }
    }
}

fn ip_header(address: &IpAddr) -> u32 {
    if address.is_ipv4() { 20 } else { 40 }
}

/// SYN and its answer with their options, the acknowledgement, and the reset that ends it.
fn tcp_cost(host: &Host) -> u32 {
    4 * host.header() + 40 + 40 + 32 + 20
}

fn address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inside) => inside.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok(),
    }
}

/// Linux takes an echo to 0.0.0.0 for one to itself, which always answers.
fn reachable(address: IpAddr) -> Result<IpAddr, &'static str> {
    if address.is_unspecified() || address.is_multicast() {
        return Err("use an IP address of one host: nobody answers, or the router itself");
    }
    Ok(address)
}

/// `9.9.9.9`, `9.9.9.9:5353`, `::1`, `[::1]`, `[::1]:53`.
fn server_of(text: &str) -> Result<SocketAddr, &'static str> {
    const REMEDY: &str = "use an IP address after dns: (names need DNS themselves), as in dns:9.9.9.9";
    let server = match address(text) {
        Some(address) => SocketAddr::new(address, DNS),
        None => text.parse().map_err(|_| REMEDY)?,
    };
    reachable(server.ip())?;
    if server.port() == 0 { Err(REMEDY) } else { Ok(server) }
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`.
fn host_and_port(text: &str) -> Result<(Host, Option<u16>), &'static str> {
    const IN_BRACKETS: &str = "use an IP address of version 6 in brackets, as in tcp:[2001:db8::1]:443";
    let (host, port) = match text.rfind(']') {
        Some(end) => text.split_at(end + 1),
        None => text.rfind(':').map_or((text, ""), |at| text.split_at(at)),
    };
    if host.contains(':') && !host.starts_with('[') {
        return Err(IN_BRACKETS);
    }
    let port = match port.strip_prefix(':') {
        Some(digits) => Some(number(digits).ok_or(FORMS)?),
        None if port.is_empty() => None,
        None => return Err(FORMS),
    };
    let host = match address(host) {
        Some(address) => Host::Address(reachable(address)?),
        None if host.starts_with('[') => return Err(IN_BRACKETS),
        None if is_name(host) => Host::Name(host.to_ascii_lowercase()),
        None => return Err(FORMS),
    };
    Ok((host, port))
}

fn number(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port > 0)
}

/// The labels of RFC 1123, 2.1, and the underscore that some networks use. Only digits and
/// dots would be an address that was mistyped.
fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let last_is_number = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    text.len() <= LONGEST_NAME && text.split('.').all(label) && !last_is_number
}

fn read_url(text: &str) -> Result<Target, &'static str> {
    let (authority, path) = match text.find('/') {
        Some(at) => text.split_at(at),
        None => (text, "/"),
    };
    let visible = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !visible || path.len() > LONGEST_PATH {
        return Err("use an IP address, or http://HOST/… without blanks, # and letters that are not ASCII");
    }
    let (host, port) = host_and_port(authority)?;
    Ok(Target::Http { host, port: port.unwrap_or(HTTP), path: path.to_owned() })
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Host::Address(address) => write!(f, "{address}"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Target {
    /// As it may be written in the option.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Icmp(address) => write!(f, "{address}"),
            Target::Dns(server) if server.port() == DNS => write!(f, "dns:{}", server.ip()),
            Target::Dns(server) => write!(f, "dns:{server}"),
            Target::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
            Target::Http { host, port: HTTP, path } => write!(f, "http://{host}{path}"),
            Target::Http { host, port, path } => write!(f, "http://{host}:{port}{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Target {
        Target::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_form_is_read_and_written_alike() {
        for text in [
            "1.1.1.1",
            "2606:4700:4700::1111",
            "dns:9.9.9.9",
            "dns:9.9.9.9:5353",
            "dns:::1",
            "dns:[::1]:5353",
            "tcp:example.org:443",
            "tcp:1.1.1.1:853",
            "tcp:[2606:4700:4700::1111]:853",
            "http://connectivitycheck.gstatic.com/generate_204",
            "http://192.0.2.1:8080/a?b=c&d",
            "http://[::1]/",
        ] {
            assert_eq!(read(text).to_string(), text);
        }
    }

    #[test]
    fn other_spellings_mean_the_same() {
        assert_eq!(read("[::1]"), read("::1"));
        assert_eq!(read("dns:[::1]"), read("dns:::1"));
        assert_eq!(read("dns:1.2.3.4:53"), read("dns:1.2.3.4"));
        assert_eq!(read("http://A.example:80"), read("http://a.example/"));
    }

    #[test]
    fn what_no_probe_fits_is_refused_with_a_remedy() {
        for text in [
            "",
            "example.org",
            "1.1.1",
            "1.1.1.1.",
            "dns:",
            "dns:example.org",
            "dns:1.1.1.1:0",
            "tcp:h",
            "tcp:h:0",
            "tcp:h:99999",
            "tcp:h:+5",
            "tcp::1",
            "tcp:2001:db8::1:443",
            "tcp:[h]:1",
            "tcp:1.1.1:53",
            "tcp:[::1]53",
            "http:a",
            "http://",
            "http:///x",
            "http://a b/",
            "http://a/\r\nX: y",
            "http://a@b/",
            "http://a/#x",
            "http://-.-:x/",
            "https://a/",
            "icmp:1.1.1.1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "dns:ff02::1",
            "tcp:a..b:1",
            "http://ä/",
            "http://a/ä",
        ] {
            let error = Target::parse(text).expect_err(text);
            assert!(error.contains("': use an IP address"), "{error}");
            assert!(!error.contains(char::is_control), "{error:?}");
        }
        let long = format!("tcp:{}:1", "a".repeat(64));
        assert!(Target::parse(&long).is_err());
        let long = format!("tcp:{}a:1", "a.".repeat(127));
        assert!(Target::parse(&long).is_err());
    }

    #[test]
    fn a_month_of_default_rounds_stays_small() {
        // A round a minute, as on a link that is idle.
        let month = |target: &str| read(target).cost() * 60 * 24 * 30;
        assert_eq!(read("1.1.1.1").cost(), 64);
        assert!(month("1.1.1.1") < 5_000_000);
        assert!(month("2606:4700:4700::1111") < 5_000_000);
        assert_eq!(read("dns:1.1.1.1").cost(), 165);
        assert!(read("tcp:1.1.1.1:53").cost() < read("tcp:example.org:53").cost());
        assert!(read("tcp:1.1.1.1:80").cost() < read("http://1.1.1.1/").cost());
    }

    #[test]
    fn the_family_is_known_where_an_address_is() {
        assert_eq!(read("::1").is_v6(), Some(true));
        assert_eq!(read("dns:1.1.1.1").is_v6(), Some(false));
        assert_eq!(read("tcp:[::1]:1").is_v6(), Some(true));
        assert_eq!(read("http://a/").is_v6(), None);
    }
}
