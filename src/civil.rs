//! Seconds since 1970 as a date and a time of day, in UTC.
//!
//! Why not a calendar library? Two lines of log and one of `uwand watch` need a date, and
//! the local time zone is libc's, behind `unsafe`.

/// A moment of the proleptic Gregorian calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    pub year: u64,
    /// 1 to 12.
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Civil {
    /// What the system's clock shows; 1970 where it was never set.
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Civil::from_unix(since.map_or(0, |since| since.as_secs()))
    }

    /// Years are counted from March, so that a leap day is the last day of its year.
    pub fn from_unix(seconds: u64) -> Self {
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        // Days since 0000-03-01, in eras of 400 years.
        let days = days.saturating_add(719_468);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Civil {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month: small(month),
            day: small(day_of_year - (153 * march_month + 2) / 5 + 1),
            hour: small(rest / 3_600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    /// `2026-11-20T11:53:35Z`.
    pub fn iso(&self) -> String {
        let Civil { year, month, day, hour, minute, second } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// `Nov  2 11:53:35`, as RFC 3164 has it: always 15 characters.
    pub fn syslog(&self) -> String {
        let month = MONTHS.get(usize::from(self.month.saturating_sub(1))).unwrap_or(&"Jan");
        format!("{month} {:>2} {:02}:{:02}:{:02}", self.day, self.hour, self.minute, self.second)
    }
}

/// All callers pass less than 100.
fn small(value: u64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_have_their_dates() {
        let table = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, expected) in table {
            assert_eq!(Civil::from_unix(seconds).iso(), expected);
        }
        assert_eq!(Civil::from_unix(951_782_400).syslog(), "Feb 29 00:00:00");
        assert_eq!(Civil::from_unix(0).syslog(), "Jan  1 00:00:00");
    }
}
