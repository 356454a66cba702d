//! Dates as lists give them: a day, a month, a year, a range, or "circa".

mod months;
mod reading;

use std::fmt;

pub use reading::{parse, parse_all, says_nothing};

/// A calendar date of which month or day may be unknown (0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PartialDate {
    /// 1000 to 2650, in whichever calendar it was written.
    pub year: u16,
    /// 1 to 12; 0 if unknown.
    pub month: u8,
    /// 1 to 31; 0 if unknown.
    pub day: u8,
}

/// A date of birth with its precision: from and to are the same unless the list gives a range of years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DateSpan {
    /// The date, or the first of a range.
    pub from: PartialDate,
    /// The date, or the last of a range.
    pub to: PartialDate,
    /// "Circa", "approximately": a year to either side is still this date.
    pub circa: bool,
}

impl PartialDate {
    /// A date that can exist between 1000 and 2650, whatever its calendar; month and day may be 0 for unknown.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        const DAYS: [u8; 13] = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let known = (1000..=2650).contains(&year) && month <= 12 && (day == 0 || month != 0);
        // Before 1500 the calendar is another, in which the first six months have 31 days.
        let days = if year < 1500 { 31 } else { DAYS[usize::from(month.min(12))] };
        (known && day <= days).then_some(Self { year, month, day })
    }

    /// `yyyymmdd`, zeros for what is unknown: the form in an artifact.
    #[doc(hidden)]
    pub fn to_number(self) -> u32 {
        u32::from(self.year) * 10_000 + u32::from(self.month) * 100 + u32::from(self.day)
    }

    /// The reverse of [`Self::to_number`]; `None` for a date that cannot exist.
    #[doc(hidden)]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::new((number / 10_000) as u16, (number / 100 % 100) as u8, (number % 100) as u8)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.month, self.day) {
            (0, _) => write!(f, "{:04}", self.year),
            (m, 0) => write!(f, "{:04}-{m:02}", self.year),
            (m, d) => write!(f, "{:04}-{m:02}-{d:02}", self.year),
        }
    }
}

impl fmt::Display for DateSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.circa {
            f.write_str("circa ")?;
        }
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{} to {}", self.from, self.to) }
    }
}

impl From<PartialDate> for DateSpan {
    fn from(date: PartialDate) -> Self {
        Self { from: date, to: date, circa: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_round_trip(y in 1000u16..2200, m in 0u8..13, d in 0u8..32) {
            if let Some(date) = PartialDate::new(y, m, d) {
                prop_assert_eq!(PartialDate::from_number(date.to_number()), Some(date));
            }
        }
    }
}
