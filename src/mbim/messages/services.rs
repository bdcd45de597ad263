//! Basic Connect: which services the device has, which indications it shall send
//! (MBIM 1.0, 10.5.29 and 10.5.30).

use super::{Body, Builder, Struct, messages, structure};
use crate::mbim::service::Service;
use crate::wire::Malformed;

messages! { BasicConnect;
    16 answer DeviceServices {
        // The count stands apart from its list, so the interpreter gets them as one form.
        list: DeviceServiceList as nested,
    }

    19 answer SubscribeList { events: Vec<EventEntry> as structs }
    /// Replaces the whole list: what is not named is not indicated any more.
    19 set SetSubscribeList -> SubscribeList { events: Vec<EventEntry> as structs }
}

structure! {
    EventEntry { service: Service as uuid, cids: Vec<u32> as numbers }
}

structure! {
    DeviceService {
        service: Service as uuid,
        /// Bit 0: host to device, bit 1: device to host.
        dss_payload: u32 as number,
        max_dss_instances: u32 as number,
        cids: Vec<u32> as numbers,
    }
}

/// The count, then the most data streams, then the services.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceServiceList {
    pub max_dss_sessions: u32,
    pub services: Vec<DeviceService>,
}

impl Struct for DeviceServiceList {
    fn read(body: &mut Body<'_>) -> Result<Self, Malformed> {
        let (max_dss_sessions, services) = body.structs_apart()?;
        Ok(DeviceServiceList { max_dss_sessions, services })
    }

    fn write(&self, out: &mut Builder) {
        out.structs_apart(self.max_dss_sessions, &self.services);
    }
}
