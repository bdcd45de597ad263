//! TP-ST: what became of a message that was sent (3GPP TS 23.040, 9.2.3.15).

crate::words! {
    /// What a status report says, in a word.
    pub enum Delivery {
        Delivered = "delivered",
        /// The centre gave it away and does not know more.
        Forwarded = "forwarded",
        /// Replaced by a later one.
        Replaced = "replaced",
        /// Not yet; the centre goes on trying.
        Trying = "trying",
        /// Given up: a permanent error.
        Failed = "failed",
        /// Given up: a temporary error that took too long.
        GaveUp = "gave-up",
        Unknown = "unknown",
    }
}

impl Delivery {
    pub fn of(status: u8) -> Delivery {
        match status {
            0x00 => Delivery::Delivered,
            0x01 => Delivery::Forwarded,
            0x02 => Delivery::Replaced,
            0x20..=0x3f => Delivery::Trying,
            0x40..=0x5f => Delivery::Failed,
            0x60..=0x7f => Delivery::GaveUp,
            _ => Delivery::Unknown,
        }
    }
}

/// The cause behind an error, in words.
pub fn reason(status: u8) -> Option<&'static str> {
    // The same list stands three times: trying, failed, gave up.
    Some(match status {
        0x20 | 0x60 => "congestion",
        0x21 | 0x61 => "recipient busy",
        0x22 | 0x62 => "no response from the recipient",
        0x23 | 0x63 => "service rejected",
        0x24 | 0x44 | 0x64 => "quality of service not available",
        0x25 | 0x65 => "error in the recipient",
        0x40 => "remote procedure error",
        0x41 => "incompatible destination",
        0x42 => "connection rejected by the recipient",
        0x43 => "not obtainable",
        0x45 => "no interworking available",
        0x46 => "validity period expired",
        0x47 => "deleted by the sender",
        0x48 => "deleted by the service centre",
        0x49 => "message does not exist",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_word_and_perhaps_a_reason() {
        assert_eq!(Delivery::of(0), Delivery::Delivered);
        assert_eq!((Delivery::of(0x46), reason(0x46)), (Delivery::Failed, Some("validity period expired")));
        assert_eq!((Delivery::of(0x22), Delivery::of(0x62)), (Delivery::Trying, Delivery::GaveUp));
        assert_eq!(Delivery::of(0xff), Delivery::Unknown);
    }
}
