//! UUIDs and what MBIM names with them: device services and context types.
//!
//! Contract: sixteen bytes in the order they are printed (MBIM 1.0, 9.1: network byte
//! order), so nothing is ever swapped; an unknown UUID survives the round trip.

use std::fmt;

/// Sixteen bytes, printed and sent in the same order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Uuid(pub [u8; 16]);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A closed set of UUIDs with labels, and `Other` for the rest.
macro_rules! uuid_enum {
    ($(#[$doc:meta])* pub enum $name:ident {
        $($(#[$vdoc:meta])* $variant:ident = $value:literal => $label:literal),* $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            Other(Uuid),
        }

        impl $name {
            const TABLE: &'static [($name, u128)] = &[$(($name::$variant, $value)),*];

            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                    Self::Other(_) => "unknown",
                }
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                let number = u128::from_be_bytes(uuid.0);
                let known = Self::TABLE.iter().find(|(_, value)| *value == number);
                known.map_or(Self::Other(uuid), |(name, _)| *name)
            }
        }

        impl From<$name> for Uuid {
            fn from(name: $name) -> Self {
                let value = |(_, value): &(_, u128)| Uuid(value.to_be_bytes());
                match name {
                    $name::Other(uuid) => uuid,
                    known => $name::TABLE.iter().find(|(own, _)| *own == known).map(value).unwrap_or_default(),
                }
            }
        }
    };
}

uuid_enum! {
    /// A device service (MBIM 1.0 table 10-3, Microsoft and vendors).
    pub enum Service {
        BasicConnect = 0xa289cc33_bcbb_8b4f_b6b0_133ec2aae6df => "basic-connect",
        Sms = 0x533fbeeb_14fe_4467_9f90_33a223e56c3f => "sms",
        Ussd = 0xe550a0c8_5e82_479e_82f7_10abf4c3351f => "ussd",
        Phonebook = 0x4bf38476_1e6a_41db_b1d8_bed289c25bdb => "phonebook",
        Stk = 0xd8f20131_fcb5_4e17_8602_d6ed3816164c => "stk",
        Auth = 0x1d2b5ff7_0aa1_48b2_aa52_50f15767174e => "auth",
        Dss = 0xc08a26dd_7718_4382_8482_6e0d583c4d0e => "dss",
        /// Microsoft: base stations, slots, versions, contexts that stay.
        Extensions = 0x3d01dcc5_fef5_4d05_0d3a_bef7058e9aaf => "ms-basic-connect-extensions",
        FirmwareId = 0xe9f7dea2_feaf_4009_93ce_90a3694103b6 => "ms-firmware-id",
        HostShutdown = 0x883b7c26_985f_43fa_9804_27d7fb80959c => "ms-host-shutdown",
        Sar = 0x68223d04_9f6c_4e0f_822d_28441fb72340 => "ms-sar",
        UiccLowLevel = 0xc2f6588e_f037_4bc9_8665_f4d44bd09367 => "ms-uicc-low-level-access",
        Voice = 0x8d8b9eba_37be_449b_8f1e_61cb034a702e => "ms-voice-extensions",
        /// libmbim's own; never sent to a device.
        ProxyControl = 0x838cf7fb_8d0d_4d7f_871e_d71dbefbb39b => "proxy-control",
        /// A QMI message inside MBIM (Qualcomm).
        Qmi = 0xd1a30bc2_f97a_6e43_bf65_c7e24fb0f0d3 => "qmi",
        Atds = 0x5967bdcc_7fd2_49a2_9f5c_b2e70e527db3 => "atds",
        Qdu = 0x6427015f_579d_48f5_8c54_f43ed1e76f83 => "qdu",
        Quectel = 0x11223344_5566_7788_99aa_bbccddeeff11 => "quectel",
        IntelFirmware = 0x0ed374cb_f835_4474_bc11_3b3fd76f5641 => "intel-firmware-update",
        IntelThermalRf = 0xfdc22af2_f441_4d46_af8d_259fcdde4635 => "intel-thermal-rf",
        IntelAtTunnel = 0xda138c64_6515_4893_92b2_a1e1ca7c81ca => "intel-at-tunnel",
        Fibocom = 0xffffffff_abca_4b11_a4e2_f2fc87f94488 => "fibocom",
        Compal = 0xa2a32a97_cab1_4f57_9ae1_451c74dda957 => "compal",
    }
}

uuid_enum! {
    /// What a context is for (MBIM 1.0 table 10-7, then Microsoft's).
    pub enum ContextType {
        None = 0xb43f758c_a560_4b46_b35e_c5869641fb54 => "none",
        Internet = 0x7e5e2a7e_4e6f_7272_736b_656e7e5e2a7e => "internet",
        Vpn = 0x9b9f7bbe_8952_44b7_83ac_ca41318df7a0 => "vpn",
        Voice = 0x88918294_0ef4_4396_8cca_a8588fbc02b2 => "voice",
        VideoShare = 0x05a2a716_7c34_4b4d_9a91_c5ef0c7aaacc => "video-share",
        Purchase = 0xb3272496_ac6c_422b_a8c0_acf687a27217 => "purchase",
        Ims = 0x21610d01_3074_4bce_9425_b53a07d697d6 => "ims",
        Mms = 0x46726664_7269_6bc6_9624_d1d35389aca9 => "mms",
        Local = 0xa57a9afc_b09f_45d7_bb40_033c39f60db9 => "local",
        Admin = 0x5f7e4c2e_e80b_40a9_a239_f0abcfd11f4b => "admin",
        App = 0x74d88a3d_dfbd_4799_9a8c_7310a37bb2ee => "app",
        Xcap = 0x50d378a7_baa5_4a50_b872_3fe5bb463411 => "xcap",
        Tethering = 0x5e4e0601_48dc_4e2b_acb8_08b4016bbaac => "tethering",
        Emergency = 0x5f41adb8_204e_4d31_9da8_b3c970e360f2 => "emergency-calling",
    }
}

#[allow(clippy::derivable_impls)] // the macro cannot mark a variant
impl Default for ContextType {
    fn default() -> Self {
        ContextType::Internet
    }
}

impl Service {
    /// The name of a command, for logs; empty where we know none.
    pub fn command(self, cid: u32) -> &'static str {
        let names: &[&str] = match self {
            Service::BasicConnect => BASIC_CONNECT,
            Service::Sms => &["configuration", "read", "send", "delete", "store-status"],
            Service::Ussd => &["ussd"],
            Service::Phonebook => &["configuration", "read", "delete", "write"],
            Service::Stk => &["pac", "terminal-response", "envelope"],
            Service::Auth => &["aka", "akap", "sim"],
            Service::Extensions => EXTENSIONS,
            Service::Qmi => &["message"],
            _ => &[],
        };
        let index = cid.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| names.get(index)).copied().unwrap_or_default()
    }
}

const BASIC_CONNECT: &[&str] = &[
    "device-caps",
    "subscriber-ready",
    "radio-state",
    "pin",
    "pin-list",
    "home-provider",
    "preferred-providers",
    "visible-providers",
    "register-state",
    "packet-service",
    "signal-state",
    "connect",
    "provisioned-contexts",
    "service-activation",
    "ip-configuration",
    "device-services",
    "",
    "",
    "subscribe-list",
    "packet-statistics",
    "network-idle-hint",
    "emergency-mode",
    "ip-packet-filters",
    "multicarrier-providers",
];

const EXTENSIONS: &[&str] = &[
    "provisioned-contexts",
    "network-denylist",
    "lte-attach-configuration",
    "lte-attach-info",
    "sys-caps",
    "device-caps",
    "slot-mappings",
    "slot-info",
    "pco",
    "device-reset",
    "base-stations",
    "location-info",
    "",
    "",
    "version",
    "modem-configuration",
    "registration-parameters",
    "",
    "wake-reason",
];

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Service::Other(uuid) => uuid.fmt(f),
            known => f.write_str(known.label()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_sent_as_it_is_printed() {
        let uuid = Uuid::from(Service::BasicConnect);
        assert_eq!(uuid.to_string(), "a289cc33-bcbb-8b4f-b6b0-133ec2aae6df");
        assert_eq!(uuid.0.first(), Some(&0xa2));
        assert_eq!(Service::from(uuid), Service::BasicConnect);
        assert_eq!(Service::from(Uuid([9; 16])), Service::Other(Uuid([9; 16])));
    }

    #[test]
    fn commands_have_names_for_logs() {
        assert_eq!(Service::BasicConnect.command(12), "connect");
        assert_eq!(Service::BasicConnect.command(24), "multicarrier-providers");
        assert_eq!(Service::Extensions.command(15), "version");
        assert_eq!(Service::Extensions.command(19), "wake-reason");
        assert_eq!((Service::Sms.command(0), Service::Sms.command(6)), ("", ""));
    }
}
