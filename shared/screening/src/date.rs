//! Dates as lists give them: a day, a month, a year, a range, or "circa".

use std::fmt;

/// A calendar date of which month or day may be unknown (0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PartialDate {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A date of birth with its precision: from and to are the same unless the list gives a range of years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DateSpan {
    pub from: PartialDate,
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
    pub fn to_number(self) -> u32 {
        u32::from(self.year) * 10_000 + u32::from(self.month) * 100 + u32::from(self.day)
    }

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

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads the forms in use: `1962`, `1962-07`, `1962-07-14`, `14/07/1962` (day first, as the UK, India and the EU write
/// it; `00` or `dd` for unknown parts), `14 Jul 1962`, `Jul 1962`, `July 14, 1962`, `circa 1962`, `1960 to 1962`, `1960-1962`, `between 1960 and 1962`.
pub fn parse(text: &str) -> Option<DateSpan> {
    let lower = text.trim().trim_end_matches('.').to_ascii_lowercase();
    if lower.len() > 60 {
        return None;
    }
    let mut rest = lower.as_str();
    let mut circa = false;
    for word in ["circa", "approximately", "approx.", "approx", "about", "ca.", "c.", "between", "from"] {
        if let Some(r) = rest.strip_prefix(word) {
            circa |= !matches!(word, "between" | "from");
            rest = r.trim_start();
        }
    }
    for separator in [" to ", " and ", " - ", " – "] {
        if let Some((a, b)) = rest.split_once(separator) {
            let (from, to) =
                (single(a.trim().trim_start_matches("circa "))?, single(b.trim().trim_start_matches("circa "))?);
            return ordered(from, to, circa);
        }
    }
    if let Some((a, b)) = rest.split_once('-')
        && a.len() == 4
        && b.len() == 4
    {
        return ordered(single(a)?, single(b)?, circa);
    }
    let date = single(rest)?;
    Some(DateSpan { from: date, to: date, circa })
}

fn ordered(from: PartialDate, to: PartialDate, circa: bool) -> Option<DateSpan> {
    (from <= to).then_some(DateSpan { from, to, circa })
}

fn single(text: &str) -> Option<PartialDate> {
    let text = text.split('t').next().filter(|d| d.len() == 10 && d.as_bytes()[4] == b'-').unwrap_or(text);
    let parts: Vec<&str> = text.split([' ', '-', '/', ',', '.']).filter(|p| !p.is_empty()).collect();
    let number =
        |p: &str| -> Option<u16> { if p.bytes().all(|b| matches!(b, b'd' | b'm')) { Some(0) } else { p.parse().ok() } };
    let month =
        |p: &str| -> Option<u8> { MONTHS.iter().position(|m| p.len() >= 3 && p.starts_with(m)).map(|i| i as u8 + 1) };
    let year = |p: &str| p.len() == 4 && p.bytes().all(|b| b.is_ascii_digit());
    match *parts.as_slice() {
        [y] if year(y) => PartialDate::new(number(y)?, 0, 0),
        [m, y] if year(y) => PartialDate::new(number(y)?, month(m).or_else(|| number(m).map(|n| n as u8))?, 0),
        [y, m] if year(y) => PartialDate::new(number(y)?, number(m)? as u8, 0),
        [y, m, d] if year(y) => {
            let (m, d) = (u8::try_from(number(m)?).ok()?, u8::try_from(number(d)?).ok()?);
            PartialDate::new(number(y)?, m, if m == 0 { 0 } else { d })
        }
        [a, b, y] if year(y) => {
            let y = number(y)?;
            if let Some(m) = month(b) {
                return PartialDate::new(y, m, u8::try_from(number(a)?).ok()?);
            }
            if let Some(m) = month(a) {
                return PartialDate::new(y, m, u8::try_from(number(b)?).ok()?);
            }
            let (d, m) = (u8::try_from(number(a)?).ok()?, u8::try_from(number(b)?).ok()?);
            PartialDate::new(y, m, if m == 0 { 0 } else { d })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_in_use() {
        for (text, expected) in [
            ("1962", "1962"),
            ("14 Jul 1962", "1962-07-14"),
            ("Jul 1962", "1962-07"),
            ("Sep 1938.", "1938-09"),
            ("1962-07-14", "1962-07-14"),
            ("1962-07-14T00:00:00", "1962-07-14"),
            ("1962-07", "1962-07"),
            ("14/07/1962", "1962-07-14"),
            ("00/00/1962", "1962"),
            ("dd/mm/1962", "1962"),
            ("July 14, 1962", "1962-07-14"),
            ("circa 1962", "circa 1962"),
            ("Approximately 1962", "circa 1962"),
            ("1960 to 1962", "1960 to 1962"),
            ("1960-1962", "1960 to 1962"),
            ("between 1960 and 1962", "1960 to 1962"),
            ("13 Jan 1954 to 13 Jan 1955", "1954-01-13 to 1955-01-13"),
        ] {
            assert_eq!(parse(text).map(|d| d.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "unknown", "32 Jan 1962", "14/13/1962", "1962 to 1960", "99999", "0062"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_numbers_round_trip(text in "\\PC{0,40}", y in 1000u16..2200, m in 0u8..13, d in 0u8..32) {
            let _ = parse(&text);
            if let Some(date) = PartialDate::new(y, m, d) {
                prop_assert_eq!(PartialDate::from_number(date.to_number()), Some(date));
            }
        }
    }
}
