//! Time stamps of the service centre, and how long it shall keep a message
//! (3GPP TS 23.040, 9.2.3.11 and 9.2.3.12).

use crate::wire::{Malformed, Reader};

/// A time stamp as on the wire: networks send impossible ones, and a message is worth more
/// than its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(pub [u8; 7]);

/// A local time and its distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    /// East of UTC, in quarters of an hour.
    pub quarters: i8,
}

/// The first digit is in the low half.
fn swapped(octet: u8) -> Option<u8> {
    let (tens, units) = (octet & 0x0f, octet >> 4);
    (tens <= 9 && units <= 9).then_some(tens * 10 + units)
}

fn swap(value: u8) -> u8 {
    (value / 10 % 10) | (value % 10) << 4
}

impl Timestamp {
    pub fn read(reader: &mut Reader) -> Result<Timestamp, Malformed> {
        reader.array().map(Timestamp)
    }

    /// `None` where this is no date.
    pub fn moment(&self) -> Option<Moment> {
        let [year, month, day, hour, minute, second, zone] = self.0;
        let year = swapped(year)?;
        // Two digits: GSM began in the nineties.
        let century = if year >= 90 { 1900 } else { 2000 };
        let moment = Moment {
            year: century + u16::from(year),
            month: swapped(month).filter(|month| (1..=12).contains(month))?,
            day: swapped(day).filter(|day| (1..=31).contains(day))?,
            hour: swapped(hour).filter(|hour| *hour <= 24)?,
            minute: swapped(minute).filter(|minute| *minute <= 59)?,
            second: swapped(second).filter(|second| *second <= 60)?,
            quarters: quarters(zone)?,
        };
        Some(moment)
    }
}

/// Bit 3 is the sign, the rest are digits.
fn quarters(zone: u8) -> Option<i8> {
    let value = i8::try_from(swapped(zone & !0x08)?).ok()?;
    Some(if zone & 0x08 == 0 { value } else { -value })
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Timestamp {
        let Moment { year, month, day, hour, minute, second, quarters } = moment;
        let year = u8::try_from(year % 100).unwrap_or(0);
        let sign = if quarters < 0 { 0x08 } else { 0 };
        let zone = swap(quarters.unsigned_abs().min(79)) | sign;
        Timestamp([swap(year), swap(month), swap(day), swap(hour), swap(minute), swap(second), zone])
    }
}

impl Moment {
    /// `2011-02-28T11:50:50-05:00`.
    pub fn iso(&self) -> String {
        let Moment { year, month, day, hour, minute, second, quarters } = self;
        let sign = if *quarters < 0 { '-' } else { '+' };
        let minutes = u16::from(quarters.unsigned_abs()) * 15;
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{:02}:{:02}",
            minutes / 60,
            minutes % 60
        )
    }

    /// Seconds since 1970, UTC: to sort by.
    pub fn unix(&self) -> i64 {
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        // Years begin in March, so that the leap day is the last one.
        let year = if month <= 2 { year - 1 } else { year };
        let day_of_year =
            (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + i64::from(self.day) - 1;
        let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
        let seconds = i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second);
        days * 86_400 + seconds - i64::from(self.quarters) * 900
    }
}

/// TP-VP: how long the service centre tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// The centre's own time, mostly days.
    Unsaid,
    /// The octet of 9.2.3.12.1.
    Relative(u8),
    Absolute(Timestamp),
    /// 9.2.3.12.3, seen in no modem; kept as it is.
    Enhanced([u8; 7]),
}

impl Validity {
    /// The shortest period that is at least so many minutes long.
    pub fn minutes(minutes: u32) -> Validity {
        let octet = match minutes {
            0..=720 => minutes.max(1).div_ceil(5) - 1,
            721..=1_440 => 143 + (minutes - 720).div_ceil(30),
            1_441..=43_200 => 166 + minutes.div_ceil(1_440),
            _ => 192 + minutes.div_ceil(10_080),
        };
        Validity::Relative(u8::try_from(octet).unwrap_or(u8::MAX))
    }

    /// What a relative octet says, in minutes.
    pub fn in_minutes(self) -> Option<u32> {
        let Validity::Relative(octet) = self else { return None };
        let octet = u32::from(octet);
        Some(match octet {
            0..=143 => (octet + 1) * 5,
            144..=167 => 720 + (octet - 143) * 30,
            168..=196 => (octet - 166) * 1_440,
            _ => (octet - 192) * 10_080,
        })
    }

    /// TP-VPF, in its place in the first octet.
    pub(super) fn format(self) -> u8 {
        match self {
            Validity::Unsaid => 0x00,
            Validity::Enhanced(_) => 0x08,
            Validity::Relative(_) => 0x10,
            Validity::Absolute(_) => 0x18,
        }
    }

    pub(super) fn read(first: u8, reader: &mut Reader) -> Result<Validity, Malformed> {
        Ok(match first & 0x18 {
            0x10 => Validity::Relative(reader.u8()?),
            0x18 => Validity::Absolute(Timestamp::read(reader)?),
            0x08 => Validity::Enhanced(reader.array()?),
            _ => Validity::Unsaid,
        })
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Validity::Unsaid => {}
            Validity::Relative(octet) => out.push(octet),
            Validity::Absolute(Timestamp(octets)) | Validity::Enhanced(octets) => out.extend(octets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_west_of_greenwich_is_negative() {
        let stamp = Timestamp([0x11, 0x20, 0x82, 0x11, 0x05, 0x05, 0x0a]);
        let moment = stamp.moment().expect("a date");
        assert_eq!(moment.iso(), "2011-02-28T11:50:50-05:00");
        assert_eq!(Timestamp::from(moment), stamp);
        assert_eq!(moment.unix(), 1_298_911_850);
    }

    #[test]
    fn a_stamp_that_is_no_date_is_kept_and_not_shown() {
        assert_eq!(Timestamp([0; 7]).moment(), None);
        assert_eq!(Timestamp([0xff; 7]).moment(), None);
    }

    #[test]
    fn every_octet_of_validity_means_itself() {
        for octet in 0..=255u8 {
            let minutes = Validity::Relative(octet).in_minutes().expect("relative");
            assert_eq!(Validity::minutes(minutes), Validity::Relative(octet));
        }
        assert_eq!(Validity::minutes(u32::MAX), Validity::Relative(255));
        assert_eq!(Validity::minutes(0), Validity::Relative(0));
        assert_eq!(Validity::minutes(721), Validity::Relative(144));
    }
}
