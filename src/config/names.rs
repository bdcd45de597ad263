//! PURE. Names of options: ours, netifd's own, and what was meant by any other.

use super::{Kind, OPTIONS};

use crate::few::Listed;

/// What netifd itself puts into the table beside our options (interface.c `iface_attrs`,
/// device.c `dev_attrs`); `mtu` and `device` are ours as well.
const NETIFD: &str = "\
    proto ifname auto zone jail jail_device jail_ifname host_device defaultroute peerdns \
    metric dns renew dns_search dns_metric interface ip6assign ip6hint ip4table ip6table \
    ip6class delegate ip6ifaceid force_link ip6weight tags carrier_loss_delay disabled type \
    mtu6 macaddr txqueuelen enabled ipv6 ip6segmentrouting promisc rpfilter acceptlocal \
    igmpversion mldversion neighreachabletime neighgcstaletime neighlocktime dadtransmits \
    multicast multicast_to_unicast multicast_router multicast_fast_leave sendredirects isolate \
    drop_v4_unicast_in_l2_multicast drop_v6_unicast_in_l2_multicast drop_gratuitous_arp \
    drop_unsolicited_na arp_accept auth_vlan speed duplex vlan pause asym_pause rxpause \
    txpause autoneg gro conduit eee pse pse_podl pse_power_limit pse_priority checkup_interval \
    sourcefilter";

/// Whether it is an option of ours or of netifd's.
pub fn is_known(name: &str) -> bool {
    OPTIONS.iter().any(|o| o.name == name) || NETIFD.split(' ').any(|key| key == name)
}

/// Options of other protocols that resemble one of ours: leftovers, not mistakes.
const LEFTOVERS: &[&str] = &["v6profile", "mru"];

/// Whether an option that netifd did not hand over was meant for us. Packages may have
/// options of their own in an interface section; those look like none of ours.
pub fn is_misspelt(name: &str) -> bool {
    !is_known(name) && !LEFTOVERS.contains(&name) && nearest(name).is_some()
}

/// Whether netifd drops an option's list, because it was declared as one value.
pub fn is_single(name: &str) -> bool {
    OPTIONS.iter().any(|o| o.name == name && !matches!(o.kind, Kind::List | Kind::Words(_)))
}

/// The option whose spelling is at most two edits away, one where it is short.
pub fn nearest(name: &str) -> Option<&'static str> {
    let (distance, near) = OPTIONS.iter().map(|o| (distance(name, o.name), o.name)).min()?;
    (distance <= if near.len() <= 4 { 1 } else { 2 }).then_some(near)
}

/// Edits from one to the other; two letters in the wrong order count as one edit.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(32).listed(), b.chars().listed());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).listed();
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let swapped = i > 0 && j > 0 && a[i - 1] == *cb && b[j - 1] == *ca;
            let mut least = (last[j] + usize::from(ca != cb)).min(last[j + 1] + 1).min(row[j] + 1);
            if swapped {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_resembles_an_option_of_ours_is_taken_for_a_misspelt_one() {
        for name in ["apnn", "anp", "APN", "devise", "mode", "pasword", "watchdog_targets", "pin_code"] {
            assert_eq!(is_misspelt(name), name != "APN", "{name}");
        }
        for name in ["apn", "metric", "ttl", "mru", "v6profile", "dhcp", "hostname", "name", "autoconnect"] {
            assert!(!is_misspelt(name), "{name}");
        }
    }
}
