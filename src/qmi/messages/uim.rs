//! UIM, the card: its state, PINs, files and slots. MC7430/7455 and later have the PIN
//! operations only here.

use crate::qmi::value::{Bytes8, Hidden8, Hidden16, List8, Secret8};
use crate::{codes, messages, record};

codes! {
    pub enum SessionType: u8 {
        PrimaryGw = 0 => "primary-gw",
        Primary1x = 1 => "primary-1x",
        SecondaryGw = 2 => "secondary-gw",
        Secondary1x = 3 => "secondary-1x",
        NonprovisioningSlot1 = 4 => "nonprovisioning-slot-1",
        NonprovisioningSlot2 = 5 => "nonprovisioning-slot-2",
        CardSlot1 = 6 => "card-slot-1",
        CardSlot2 = 7 => "card-slot-2",
    }

    pub enum PinId: u8 {
        Pin1 = 1 => "pin1",
        Pin2 = 2 => "pin2",
        Upin = 3 => "upin",
        HiddenKey = 4 => "hidden-key",
    }

    pub enum CardState: u8 { Absent = 0 => "absent", Present = 1 => "present", Error = 2 => "error" }

    pub enum CardError: u8 {
        Unknown = 0 => "unknown",
        PowerDown = 1 => "power down",
        Poll = 2 => "polling failed",
        NoAtr = 3 => "no answer to reset",
        Voltage = 4 => "voltage mismatch",
        Parity = 5 => "parity",
        PossiblyRemoved = 6 => "perhaps removed",
        Technical = 7 => "technical problem",
    }

    pub enum ApplicationType: u8 {
        Unknown = 0 => "unknown",
        Sim = 1 => "sim",
        Usim = 2 => "usim",
        Ruim = 3 => "ruim",
        Csim = 4 => "csim",
        Isim = 5 => "isim",
    }

    pub enum ApplicationState: u8 {
        Unknown = 0 => "unknown",
        Detected = 1 => "detected",
        PinRequired = 2 => "pin-required",
        PukRequired = 3 => "puk-required",
        /// A network or operator lock is to be looked at.
        Personalization = 4 => "check-personalisation",
        PinBlocked = 5 => "pin-blocked",
        Illegal = 6 => "illegal",
        Ready = 7 => "ready",
    }

    pub enum PersonalizationState: u8 {
        Unknown = 0 => "unknown",
        InProgress = 1 => "in-progress",
        Ready = 2 => "ready",
        CodeRequired = 3 => "code-required",
        PukRequired = 4 => "puk-required",
        Blocked = 5 => "blocked",
    }

    pub enum PinState: u8 {
        NotInitialized = 0 => "not-initialised",
        NotVerified = 1 => "enabled-not-verified",
        Verified = 2 => "enabled-verified",
        Disabled = 3 => "disabled",
        Blocked = 4 => "blocked",
        PermanentlyBlocked = 5 => "permanently-blocked",
    }

    pub enum PhysicalCard: u32 { Unknown = 0 => "unknown", Absent = 1 => "absent", Present = 2 => "present" }

    pub enum SlotState: u32 { Inactive = 0 => "inactive", Active = 1 => "active" }

    pub enum CardProtocol: u32 { Unknown = 0 => "unknown", Icc = 1 => "icc", Uicc = 2 => "uicc" }

    pub enum FileType: u8 {
        Transparent = 0 => "transparent",
        Cyclic = 1 => "cyclic",
        LinearFixed = 2 => "linear-fixed",
        Dedicated = 3 => "dedicated",
        Master = 4 => "master",
    }
}

/// Bits of [`RegisterEvents`].
pub const EVENT_CARD_STATUS: u32 = 1 << 0;
pub const EVENT_SLOT_STATUS: u32 = 1 << 4;

record! {
    /// Which application of which card; no id for the one that is in use.
    pub struct Session { kind: SessionType, application: Bytes8 }

    /// The path is the parents' ids, each with its low byte first.
    pub struct File { id: u16, path: Bytes8 }
    pub struct Extent { offset: u16, length: u16 }
    pub struct Record { number: u16, length: u16 }

    /// The status words of the card (ETSI TS 102 221, 10.2).
    pub struct CardResult { sw1: u8, sw2: u8 }

    pub struct Verify { pin: PinId, code: Secret8 }
    pub struct Protect { pin: PinId, enabled: bool, code: Secret8 }
    pub struct Unblock { pin: PinId, puk: Secret8, new: Secret8 }
    pub struct Change { pin: PinId, old: Secret8, new: Secret8 }
    pub struct Retries { verify: u8, unblock: u8 }

    pub struct Pin { state: PinState, retries: u8, puk_retries: u8 }

    pub struct Application {
        kind: ApplicationType,
        state: ApplicationState,
        personalization: PersonalizationState,
        personalization_feature: u8,
        personalization_retries: u8,
        personalization_unblock_retries: u8,
        id: Bytes8,
        /// The UPIN of the card counts in PIN1's place.
        upin_replaces_pin1: bool,
        pin1: Pin,
        pin2: Pin,
    }

    pub struct Card { state: CardState, upin: Pin, error: CardError, applications: List8<Application> }

    /// The indices are slot (high byte) and application (low byte), 0xffff for none.
    pub struct CardStatus {
        primary_gw: u16,
        primary_1x: u16,
        secondary_gw: u16,
        secondary_1x: u16,
        cards: List8<Card>,
    }

    /// ICCID as the card stores it, its digits with swapped nibbles.
    pub struct Slot { card: PhysicalCard, state: SlotState, logical: u8, iccid: Hidden8 }
    pub struct SlotInfo { protocol: CardProtocol, applications: u8, atr: Bytes8, euicc: bool }
    pub struct SlotEid { eid: Hidden8 }

    pub struct Security { logic: u8, attributes: u16 }
    pub struct FileAttributes {
        size: u16,
        id: u16,
        kind: FileType,
        record_size: u16,
        record_count: u16,
        read: Security,
        write: Security,
        increase: Security,
        deactivate: Security,
        activate: Security,
        raw: Hidden16,
    }

    pub struct SessionChange { kind: SessionType, activate: bool }
    pub struct SlotApplication { slot: u8, application: Bytes8 }
    pub struct Personalization { feature: u8, verify: u8, unblock: u8 }
}

messages! { Uim;
    0x0000 Reset {};
    0x0020 ReadTransparent {
        0x01 session: Session,
        0x02 file: File,
        0x03 extent: Extent,
    } -> TransparentRead { 0x10 card: CardResult, 0x11 content: Hidden16 };
    0x0021 ReadRecord {
        0x01 session: Session,
        0x02 file: File,
        0x03 record: Record,
    } -> RecordRead { 0x10 card: CardResult, 0x11 content: Hidden16 };
    0x0024 GetFileAttributes {
        0x01 session: Session,
        0x02 file: File,
    } -> FileAttributesReply { 0x10 card: CardResult, 0x11 attributes: FileAttributes };
    0x0025 ProtectPin {
        0x01 session: Session,
        0x02 pin: Protect,
    } -> PinProtected { 0x10 retries: Retries, 0x13 card: CardResult };
    0x0026 VerifyPin {
        0x01 session: Session,
        0x02 pin: Verify,
    } -> PinVerified { 0x10 retries: Retries, 0x13 card: CardResult };
    0x0027 UnblockPin {
        0x01 session: Session,
        0x02 pin: Unblock,
    } -> PinUnblocked { 0x10 retries: Retries, 0x13 card: CardResult };
    0x0028 ChangePin {
        0x01 session: Session,
        0x02 pin: Change,
    } -> PinChanged { 0x10 retries: Retries, 0x13 card: CardResult };
    0x002e RegisterEvents { 0x01 mask: u32 } -> EventsRegistered { 0x10 mask: u32 };
    0x002f GetCardStatus {} -> CardStatusReply { 0x10 status: CardStatus };
    0x0030 PowerOff { 0x01 slot: u8 };
    0x0031 PowerOn { 0x01 slot: u8 };
    0x0038 ChangeProvisioningSession {
        0x01 change: SessionChange,
        0x10 application: SlotApplication,
    };
    0x003a GetConfiguration { 0x10 mask: u32 } -> Configuration {
        0x10 automatic_selection: bool,
        0x11 personalization: List8<Personalization>,
        0x12 halt_subscription: bool,
    };
    0x0046 SwitchSlot { 0x01 logical: u8, 0x02 physical: u32 };
    0x0047 GetSlotStatus {} -> SlotStatusReply {
        0x10 slots: List8<Slot>,
        0x11 infos: List8<SlotInfo>,
        0x12 eids: List8<SlotEid>,
    };

    indications
    0x0032 CardStatusChanged { 0x10 status: CardStatus };
    0x0048 SlotStatusChanged { 0x10 slots: List8<Slot>, 0x11 infos: List8<SlotInfo>, 0x12 eids: List8<SlotEid> };
}
