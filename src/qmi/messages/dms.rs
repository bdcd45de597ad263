//! DMS, device management: who the modem is, whether its radio may send, its firmware.

use crate::qmi::value::{IdText, List8, List16, Secret8, Text, Text8};
use crate::{codes, messages, record};

codes! {
    pub enum DataCapability: u8 {
        None = 0 => "none",
        Cs = 1 => "cs",
        Ps = 2 => "ps",
        SimultaneousCsPs = 3 => "simultaneous-cs-ps",
        CsPs = 4 => "cs-ps",
    }

    pub enum SimCapability: u8 { NotSupported = 1 => "no", Supported = 2 => "yes" }

    /// Technologies of DMS; NAS has other numbers for 5G.
    pub enum Radio: u8 {
        Cdma = 1 => "cdma",
        Evdo = 2 => "evdo",
        Gsm = 4 => "gsm",
        Umts = 5 => "umts",
        Lte = 8 => "lte",
        TdScdma = 9 => "td-scdma",
        Nr5g = 10 => "5g",
    }

    pub enum OperatingMode: u8 {
        Online = 0 => "online",
        LowPower = 1 => "low-power",
        FactoryTest = 2 => "factory-test",
        Offline = 3 => "offline",
        Reset = 4 => "reset",
        ShuttingDown = 5 => "shutting-down",
        /// Low power that survives a restart: what a modem that waits for FCC
        /// authentication is in.
        PersistentLowPower = 6 => "persistent-low-power",
        ModeOnlyLowPower = 7 => "mode-only-low-power",
    }

    pub enum ActivationState: u16 {
        NotActivated = 0 => "not-activated",
        Activated = 1 => "activated",
        Connecting = 2 => "connecting",
        Connected = 3 => "connected",
        OtaspAuthenticated = 4 => "otasp-authenticated",
        OtaspNam = 5 => "otasp-nam",
        OtaspMdn = 6 => "otasp-mdn",
        OtaspImsi = 7 => "otasp-imsi",
        OtaspPrl = 8 => "otasp-prl",
        OtaspSpc = 9 => "otasp-spc",
        OtaspCommitted = 10 => "otasp-committed",
    }

    pub enum TimeSource: u16 { Device = 0 => "device", Cdma = 1 => "cdma-network", Hdr = 2 => "hdr-network" }

    pub enum PinId: u8 { Pin = 1 => "pin", Pin2 = 2 => "pin2" }

    pub enum PinStatus: u8 {
        NotInitialized = 0 => "not-initialised",
        NotVerified = 1 => "enabled-not-verified",
        Verified = 2 => "enabled-verified",
        Disabled = 3 => "disabled",
        Blocked = 4 => "blocked",
        PermanentlyBlocked = 5 => "permanently-blocked",
        Unblocked = 6 => "unblocked",
        Changed = 7 => "changed",
    }

    pub enum SimState: u8 {
        Ready = 0 => "ready",
        LockedOrFailed = 1 => "locked-or-failed",
        Absent = 2 => "absent",
    }

    pub enum ImageType: u8 { Modem = 0 => "modem", Pri = 1 => "pri" }

    pub enum BootMode: u8 { Normal = 0 => "normal", BootAndRecovery = 1 => "boot-and-recovery" }
}

record! {
    pub struct Capabilities {
        max_tx_rate: u32,
        max_rx_rate: u32,
        data: DataCapability,
        sim: SimCapability,
        radios: List8<Radio>,
    }

    /// Retries left for the PIN and for its PUK.
    pub struct Retries { verify: u8, unblock: u8 }

    pub struct PinState { status: PinStatus, retries: Retries }

    pub struct Verify { pin: PinId, code: Secret8 }
    pub struct Protect { pin: PinId, enabled: bool, code: Secret8 }
    pub struct Unblock { pin: PinId, puk: Secret8, new: Secret8 }
    pub struct Change { pin: PinId, old: Secret8, new: Secret8 }

    pub struct PowerState { flags: u8, battery: u8 }

    /// One firmware or carrier image by name.
    pub struct Image { kind: ImageType, unique: [u8; 16], build: Text8 }

    pub struct StoredImage { storage: u8, failures: u8, unique: [u8; 16], build: Text8 }

    pub struct StoredImages { kind: ImageType, maximum: u8, running: u8, images: List8<StoredImage> }

    /// 48 bits in 1.25 ms, as CDMA counts.
    pub struct DeviceTime { count_low: u32, count_high: u16, source: TimeSource }
}

messages! { Dms;
    0x0000 Reset {};
    0x0001 SetEventReport {
        0x10 power_state: bool,
        0x12 pin_state: bool,
        0x13 activation_state: bool,
        0x14 operating_mode: bool,
        0x15 sim_state: bool,
        0x16 wireless_disable: bool,
    };
    0x0020 GetCapabilities {} -> CapabilitiesReply { 0x01 capabilities: Capabilities };
    0x0021 GetManufacturer {} -> Manufacturer { 0x01 manufacturer: Text };
    0x0022 GetModel {} -> Model { 0x01 model: Text };
    0x0023 GetRevision {} -> Revision { 0x01 revision: Text };
    0x0024 GetNumber {} -> Number { 0x01 number: IdText };
    0x0025 GetIds {} -> Ids {
        0x10 esn: IdText,
        0x11 imei: IdText,
        0x12 meid: IdText,
        0x13 imei_software_version: Text,
    };
    0x0026 GetPowerState {} -> PowerStateReply { 0x01 state: PowerState };
    0x0027 SimProtectPin { 0x01 pin: Protect } -> SimPinProtected { 0x10 retries: Retries };
    0x0028 SimVerifyPin { 0x01 pin: Verify } -> SimPinVerified { 0x10 retries: Retries };
    0x0029 SimUnblockPin { 0x01 pin: Unblock } -> SimPinUnblocked { 0x10 retries: Retries };
    0x002a SimChangePin { 0x01 pin: Change } -> SimPinChanged { 0x10 retries: Retries };
    /// The SIM by DMS: refused (71) by MDM9x30 and later, which have UIM.
    0x002b SimGetPinStatus {} -> SimPinStatus { 0x11 pin1: PinState, 0x12 pin2: PinState };
    0x002c GetHardwareRevision {} -> HardwareRevision { 0x01 revision: Text };
    0x002d GetOperatingMode {} -> OperatingModeReply {
        0x01 mode: OperatingMode,
        0x10 offline_reason: u16,
        0x11 hardware_restricted: bool,
    };
    0x002e SetOperatingMode { 0x01 mode: OperatingMode };
    0x002f GetTime {} -> Time { 0x01 device: DeviceTime, 0x10 system: u64, 0x11 user: u64 };
    0x0031 GetActivationState {} -> ActivationStateReply { 0x01 state: ActivationState };
    0x003c SimGetIccid {} -> SimIccid { 0x01 iccid: IdText };
    0x0043 SimGetImsi {} -> SimImsi { 0x01 imsi: IdText };
    0x0044 SimGetState {} -> SimStateReply { 0x01 state: SimState };
    0x0045 GetBands {} -> Bands {
        0x01 bands: u64,
        0x10 lte: u64,
        0x12 lte_extended: List16<u16>,
        0x13 nr5g: List16<u16>,
    };
    0x0047 GetFirmwarePreference {} -> FirmwarePreference { 0x01 images: List8<Image> };
    0x0048 SetFirmwarePreference {
        0x01 images: List8<Image>,
        0x10 override_download: bool,
        0x11 storage: u8,
    } -> FirmwarePreferenceSet { 0x01 to_download: List8<ImageType> };
    0x0049 ListStoredImages {} -> StoredImagesReply { 0x01 images: List8<StoredImages> };
    0x004a DeleteStoredImage { 0x01 image: Image };
    0x004f GetBootMode {} -> BootModeReply { 0x10 mode: BootMode };
    0x0050 SetBootMode { 0x01 mode: BootMode };
    0x0051 GetSoftwareVersion {} -> SoftwareVersion { 0x01 version: Text };
    /// Sierra: the numbers of AT!UDUSBCOMP.
    0x555b SwiGetUsbComposition {} -> SwiUsbComposition { 0x10 current: u8, 0x11 supported: List8<u8> };
    0x555c SwiSetUsbComposition { 0x01 composition: u8 };
    /// Sierra: firmware versions, of which modems differ in what they fill.
    0x5556 SwiGetVersions {} -> SwiVersions {
        0x10 model: Text,
        0x11 boot: Text,
        0x12 application: Text,
        0x13 sku: Text,
        0x14 package: Text,
        0x15 carrier_id: Text,
        0x16 pri: Text,
        0x17 carrier: Text,
        0x18 config: Text,
    };
    /// Wakes a modem that a laptop maker locked; "no effect" (26) means awake already.
    0x555f SetFccAuthentication {};
    /// The same from Foxconn (T77W968, T99W175): older firmware takes one byte in 0x01,
    /// newer a magic string and a number. Which one is for the caller to try.
    0x5571 FoxconnSetFccAuthentication { 0x01 magic: Text, 0x02 number: u8 };

    indications
    0x0001 EventReport {
        0x10 power: PowerState,
        0x11 pin1: PinState,
        0x12 pin2: PinState,
        0x13 activation: ActivationState,
        0x14 mode: OperatingMode,
        0x15 sim: SimState,
        0x16 wireless_disabled: bool,
    };
}
