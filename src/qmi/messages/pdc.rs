//! PDC, persistent device configuration: the carrier files (MBN) of the modem.
//!
//! Every answer only says "heard"; the result follows as an indication with our token.

use crate::qmi::value::{Bytes8, Bytes16, List8, Text8};
use crate::{codes, messages, record};

codes! {
    pub enum ConfigType: u32 { Platform = 0 => "platform", Software = 1 => "software" }

    pub enum RefreshEvent: u32 { Start = 0 => "start", Complete = 1 => "complete", Client = 2 => "client" }
}

record! {
    /// The id is a hash of the file.
    pub struct Config { kind: ConfigType, id: Bytes8 }

    pub struct Chunk { kind: ConfigType, id: Bytes8, total: u32, bytes: Bytes16 }
}

messages! { Pdc;
    0x0000 Reset {};
    0x0020 Register { 0x10 reports: bool, 0x11 refresh: bool };
    0x0022 GetSelectedConfig { 0x01 kind: ConfigType, 0x10 token: u32 } -> SelectedConfigReply { 0x10 token: u32 };
    0x0023 SetSelectedConfig { 0x01 config: Config, 0x10 token: u32 } -> SelectedConfigSetReply { 0x10 token: u32 };
    0x0024 ListConfigs { 0x10 token: u32, 0x11 kind: ConfigType };
    0x0025 DeleteConfig { 0x01 kind: ConfigType, 0x10 token: u32, 0x11 id: Bytes8 } -> ConfigDeleted { 0x10 token: u32 };
    0x0026 LoadConfig { 0x01 chunk: Chunk, 0x10 token: u32 } -> LoadConfigReply { 0x10 token: u32 };
    0x0027 ActivateConfig { 0x01 kind: ConfigType, 0x10 token: u32 } -> ActivateConfigReply { 0x10 token: u32 };
    0x0028 GetConfigInfo { 0x01 config: Config, 0x10 token: u32 };
    0x0029 GetConfigLimits { 0x01 kind: ConfigType, 0x10 token: u32 }
        -> ConfigLimits { 0x10 token: u32, 0x11 maximum: u64, 0x12 current: u64 };
    0x002b DeactivateConfig { 0x01 kind: ConfigType, 0x10 token: u32 } -> DeactivateConfigReply { 0x10 token: u32 };

    indications
    /// The first TLV of these is the result of the operation, as in a response.
    0x0022 SelectedConfig { 0x01 result: u16, 0x10 token: u32, 0x11 active: Bytes8, 0x12 pending: Bytes8 };
    0x0023 SelectedConfigSet { 0x01 result: u16, 0x10 token: u32 };
    0x0024 Configs { 0x01 result: u16, 0x10 token: u32, 0x11 configs: List8<Config> };
    0x0026 ConfigLoading {
        0x01 result: u16,
        0x10 token: u32,
        0x11 received: u32,
        0x12 remaining: u32,
        0x13 reset: bool,
    };
    0x0027 ConfigActivated { 0x01 result: u16, 0x10 token: u32 };
    0x0028 ConfigInfo {
        0x01 result: u16,
        0x10 token: u32,
        0x11 size: u32,
        0x12 description: Text8,
        0x13 version: u32,
    };
    0x002b ConfigDeactivated { 0x01 result: u16, 0x10 token: u32 };
    0x002f Refreshed { 0x01 event: RefreshEvent, 0x10 subscription: u32, 0x11 slot: u32 };
}
