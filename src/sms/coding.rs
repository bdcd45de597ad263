//! TP-DCS: how the octets of a message are to be read (3GPP TS 23.038, clause 4).

/// What the user data consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    Gsm7,
    /// 8-bit data; also what is compressed, which nobody sends.
    Data,
    Ucs2,
}

/// The octet itself, so that nothing is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding(pub u8);

impl Coding {
    pub const GSM7: Coding = Coding(0x00);
    pub const DATA: Coding = Coding(0x04);
    pub const UCS2: Coding = Coding(0x08);

    /// Reserved codings are to be read as the default alphabet (clause 4).
    pub fn alphabet(self) -> Alphabet {
        match self.0 {
            dcs @ 0x00..=0x7f if dcs & 0x20 != 0 => Alphabet::Data,
            dcs @ 0x00..=0x7f => match dcs & 0x0c {
                0x04 => Alphabet::Data,
                0x08 => Alphabet::Ucs2,
                _ => Alphabet::Gsm7,
            },
            0xe0..=0xef => Alphabet::Ucs2,
            dcs @ 0xf0..=0xff if dcs & 0x04 != 0 => Alphabet::Data,
            _ => Alphabet::Gsm7,
        }
    }

    /// 0 shows at once and is not stored ("flash"), 1 the modem, 2 the SIM, 3 the terminal.
    pub fn class(self) -> Option<u8> {
        match self.0 {
            dcs @ 0x00..=0x7f if dcs & 0x10 != 0 => Some(dcs & 0x03),
            dcs @ 0xf0..=0xff => Some(dcs & 0x03),
            _ => None,
        }
    }

    /// The same with a class.
    pub fn with_class(self, class: u8) -> Coding {
        Coding(self.0 | 0x10 | (class & 0x03))
    }

    /// An indication that messages wait somewhere else (a mailbox), not a text for people.
    pub fn is_waiting_indication(self) -> bool {
        matches!(self.0, 0xc0..=0xef)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_the_table_are_told_apart() {
        let seen = |dcs: u8| (Coding(dcs).alphabet(), Coding(dcs).class());
        assert_eq!(seen(0x00), (Alphabet::Gsm7, None));
        assert_eq!(seen(0x08), (Alphabet::Ucs2, None));
        assert_eq!(seen(0x19), (Alphabet::Ucs2, Some(1)));
        assert_eq!(seen(0x39), (Alphabet::Data, Some(1)));
        assert_eq!(seen(0x48), (Alphabet::Ucs2, None));
        assert_eq!(seen(0xc8), (Alphabet::Gsm7, None));
        assert_eq!(seen(0xe8), (Alphabet::Ucs2, None));
        assert_eq!(seen(0xf1), (Alphabet::Gsm7, Some(1)));
        assert_eq!(seen(0xf5), (Alphabet::Data, Some(1)));
        assert!(Coding(0xc8).is_waiting_indication() && !Coding(0xf1).is_waiting_indication());
        assert_eq!(Coding::UCS2.with_class(0), Coding(0x18));
    }
}
