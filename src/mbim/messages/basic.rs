//! Basic Connect: the device, its SIM, its radio (MBIM 1.0, 10.5.1 to 10.5.5).

use super::enums::*;
use super::{messages, structure};
use crate::words::{Id, Secret};

messages! { BasicConnect;
    1 answer DeviceCaps {
        device_type: DeviceType as number,
        cellular_class: CellularClass as number,
        voice_class: VoiceClass as number,
        sim_class: SimClass as number,
        data_class: DataClass as number,
        sms_caps: SmsCaps as number,
        control_caps: ControlCaps as number,
        max_sessions: u32 as number,
        custom_data_class: String as text,
        /// IMEI, ESN or MEID.
        device_id: Id as text,
        firmware: String as text,
        hardware: String as text,
    }

    2 answer SubscriberReady {
        state: ReadyState as number,
        /// IMSI.
        subscriber_id: Id as text,
        sim_iccid: Id as text,
        info: ReadyInfo as number,
        numbers: Vec<Id> as texts,
    }
    /// The layout of MBIMEx 3.
    2 answer SubscriberReadyV3 {
        state: ReadyState as number,
        flags: ReadyFlags as number,
        subscriber_id: Id as text,
        sim_iccid: Id as text,
        info: ReadyInfo as number,
        numbers: Vec<Id> as texts,
    }

    3 answer RadioState {
        hardware: RadioSwitch as number,
        software: RadioSwitch as number,
    }
    3 set SetRadioState -> RadioState { software: RadioSwitch as number }

    /// Several modems report a locked PIN2 with a usable SIM: only PIN1, PUK1 and the
    /// network locks keep one out.
    4 answer Pin {
        pin_type: PinType as number,
        state: PinLock as number,
        /// 0xffffffff where the modem does not know.
        remaining_attempts: u32 as number,
    }
    4 set SetPin -> Pin {
        pin_type: PinType as number,
        operation: PinOperation as number,
        pin: Secret as text,
        new_pin: Secret as text,
    }

    5 answer PinList {
        pin1: PinDescription as nested,
        pin2: PinDescription as nested,
        device_sim_pin: PinDescription as nested,
        device_first_sim_pin: PinDescription as nested,
        network_pin: PinDescription as nested,
        network_subset_pin: PinDescription as nested,
        service_provider_pin: PinDescription as nested,
        corporate_pin: PinDescription as nested,
        subsidy_lock: PinDescription as nested,
        custom: PinDescription as nested,
    }

    22 answer EmergencyMode { state: Toggle as number }
}

structure! {
    #[derive(Default)]
    PinDescription {
        mode: PinMode as number,
        format: PinFormat as number,
        length_min: u32 as number,
        length_max: u32 as number,
    }
}
