//! WDS profiles: what the modem keeps of access points, its attach profile among them.

use super::wds::{Authentication, PdpType};
use crate::qmi::value::{List8, SecretText, Text, Text8};
use crate::{codes, messages, record};
use std::net::Ipv4Addr;

codes! {
    pub enum ProfileType: u8 { Gsm = 0 => "3gpp", Cdma = 1 => "3gpp2", Epc = 2 => "epc", All = 0xff => "all" }

    pub enum ProfileFamily: u8 { Embedded = 0 => "embedded", Tethered = 1 => "tethered" }

    /// Why a profile operation failed, in more detail than the result.
    pub enum ProfileError: u16 {
        Unknown = 0 => "unknown",
        Failed = 1 => "failed",
        InvalidHandle = 2 => "invalid handle",
        InvalidOperation = 3 => "invalid operation",
        InvalidType = 4 => "invalid profile type",
        InvalidNumber = 5 => "invalid profile number",
        InvalidId = 6 => "invalid profile id",
        InvalidArgument = 7 => "invalid argument",
        NotInitialized = 8 => "registry not initialised",
        InvalidLength = 9 => "a parameter of invalid length",
        ListEnd = 10 => "end of the list",
        InvalidSubscription = 11 => "invalid subscription",
        InvalidFamily = 12 => "invalid profile family",
        GsmInvalidFamily = 1001 => "3GPP: invalid profile family",
        GsmAccess = 1002 => "3GPP: access error",
        GsmNotDefined = 1003 => "3GPP: context not defined",
        GsmFlagNotSet = 1004 => "3GPP: valid flag not set",
        GsmReadOnly = 1005 => "3GPP: read-only",
        GsmNoFreeProfile = 1006 => "3GPP: no free profile",
        CdmaInvalidId = 1101 => "3GPP2: invalid profile id",
    }
}

record! {
    pub struct ProfileId { kind: ProfileType, index: u8 }
    pub struct ProfileEntry { kind: ProfileType, index: u8, name: Text8 }
    pub struct ProfileUse { kind: ProfileType, family: ProfileFamily }
    pub struct DefaultProfile { kind: ProfileType, family: ProfileFamily, index: u8 }
    pub struct ProfileEvent { kind: ProfileType, index: u8, event: u8 }
}

messages! { Wds;
    0x0027 CreateProfile {
        0x01 kind: ProfileType,
        0x10 name: Text,
        0x11 pdp_type: PdpType,
        0x14 apn: Text,
        0x1b username: Text,
        0x1c password: SecretText,
        0x1d authentication: Authentication,
        0x2f disabled: bool,
        0x3e no_roaming: bool,
    } -> ProfileCreated { 0x01 profile: ProfileId, 0xe0 error: ProfileError };
    0x0028 ModifyProfile {
        0x01 profile: ProfileId,
        0x10 name: Text,
        0x11 pdp_type: PdpType,
        0x14 apn: Text,
        0x1b username: Text,
        0x1c password: SecretText,
        0x1d authentication: Authentication,
        0x2f disabled: bool,
        0x3e no_roaming: bool,
    } -> ProfileModified { 0xe0 error: ProfileError };
    0x0029 DeleteProfile { 0x01 profile: ProfileId } -> ProfileDeleted { 0xe0 error: ProfileError };
    0x002a ListProfiles { 0x10 kind: ProfileType }
        -> Profiles { 0x01 profiles: List8<ProfileEntry>, 0xe0 error: ProfileError };
    0x002b GetProfile { 0x01 profile: ProfileId } -> Profile {
        0x10 name: Text,
        0x11 pdp_type: PdpType,
        0x14 apn: Text,
        0x15 dns1: Ipv4Addr,
        0x16 dns2: Ipv4Addr,
        0x1b username: Text,
        0x1c password: SecretText,
        0x1d authentication: Authentication,
        0x1e address: Ipv4Addr,
        0x25 context: u8,
        0x2f disabled: bool,
        0x3e no_roaming: bool,
        0xe0 error: ProfileError,
    };
    0x002c GetDefaultSettings { 0x01 kind: ProfileType } -> DefaultSettings {
        0x10 name: Text,
        0x11 pdp_type: PdpType,
        0x14 apn: Text,
        0x1b username: Text,
        0x1c password: SecretText,
        0x1d authentication: Authentication,
        0xe0 error: ProfileError,
    };
    0x0049 GetDefaultProfile { 0x01 profile: ProfileUse }
        -> DefaultProfileReply { 0x01 index: u8, 0xe0 error: ProfileError };
    0x004a SetDefaultProfile { 0x01 profile: DefaultProfile }
        -> DefaultProfileSet { 0xe0 error: ProfileError };

    indications
    0x00a8 ProfileChanged { 0x10 event: ProfileEvent };
}
