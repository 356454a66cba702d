//! Years of other calendars, as documents and lists give them beside Gregorian ones.
//!
//! Arithmetic after Reingold and Dershowitz, *Calendrical Calculations*: the Persian calendar by its 2,820-year cycle, the
//! Islamic one by its 30-year cycle (a day or two from what was observed), the Thai one by its constant 543 years.

use std::ops::RangeInclusive;

use super::date::{DateSpan, PartialDate};

/// Years of the Persian (solar) and the Islamic (lunar) calendar in which people live who can be asked about.
const HIJRI: RangeInclusive<u16> = 1250..=1450;
/// Years of the Buddhist calendar.
const BUDDHIST: RangeInclusive<u16> = 2400..=2650;
const BUDDHIST_YEARS: u16 = 543;
/// The earliest year of birth of a person who can be alive.
const EARLIEST: u16 = 1880;
/// Neither a customer nor anybody listed is a child of today: a later year is a slip of the century. To be raised by 2045.
const LATEST: u16 = 2030;

/// Whether the year is one of another calendar.
pub fn is_foreign(date: PartialDate) -> bool {
    HIJRI.contains(&date.year) || BUDDHIST.contains(&date.year)
}

/// Whether a date carries no information about a birth: a year in which no living person was born, a future year, or a value that
/// registers and spreadsheets write for "unknown".
pub fn is_placeholder(date: PartialDate) -> bool {
    let (year, month, day) = (date.year, date.month, date.day);
    let zero_of_a_program = matches!((year, month, day), (1900, 0 | 1, 0 | 1) | (1899, 12, 30 | 31) | (1970, 1, 1));
    zero_of_a_program || (!is_foreign(date) && !(EARLIEST..=LATEST).contains(&year))
}

/// What a date of another calendar may be in the Gregorian one.
pub fn gregorian(date: PartialDate) -> Vec<DateSpan> {
    if BUDDHIST.contains(&date.year) {
        let converted = PartialDate::new(date.year - BUDDHIST_YEARS, date.month, date.day);
        return converted.map(DateSpan::from).into_iter().collect();
    }
    [persian as fn(i64, i64, i64) -> i64, islamic].into_iter().filter_map(|day_number| span(date, day_number)).collect()
}

/// The day, or the days from the first to the last that the date may be.
fn span(date: PartialDate, day_number: fn(i64, i64, i64) -> i64) -> Option<DateSpan> {
    let of = |month: u8, day: u8| {
        from_day_number(day_number(i64::from(date.year), i64::from(month.max(1)), i64::from(day.max(1))))
    };
    let (from, to) = match (date.month, date.day) {
        (0, _) => (of(1, 1)?, of(12, 29)?),
        (month, 0) => (of(month, 1)?, of(month, 29)?),
        (month, day) => (of(month, day)?, of(month, day)?),
    };
    // A year of one calendar reaches into two of the other: only the years are known.
    let year = |date: PartialDate| PartialDate { month: 0, day: 0, ..date };
    let (from, to) = if date.month == 0 { (year(from), year(to)) } else { (from, to) };
    Some(DateSpan { from, to, circa: false })
}

/// Julian day number of a day of the Persian calendar.
fn persian(year: i64, month: i64, day: i64) -> i64 {
    const EPOCH: i64 = 1_948_320;
    let base = year - 474;
    let in_cycle = 474 + base.rem_euclid(2820);
    let months = if month <= 7 { (month - 1) * 31 } else { (month - 1) * 30 + 6 };
    day + months
        + (in_cycle * 682 - 110).div_euclid(2816)
        + (in_cycle - 1) * 365
        + base.div_euclid(2820) * 1_029_983
        + EPOCH
}

/// Julian day number of a day of the Islamic calendar.
fn islamic(year: i64, month: i64, day: i64) -> i64 {
    const EPOCH: i64 = 1_948_439;
    day + (59 * (month - 1) + 1).div_euclid(2) + (year - 1) * 354 + (3 + 11 * year).div_euclid(30) + EPOCH
}

/// The Gregorian date of a Julian day number (Fliegel and Van Flandern 1968).
fn from_day_number(number: i64) -> Option<PartialDate> {
    let l = number + 68_569;
    let n = 4 * l / 146_097;
    let l = l - (146_097 * n + 3) / 4;
    let i = 4000 * (l + 1) / 1_461_001;
    let l = l - 1461 * i / 4 + 31;
    let j = 80 * l / 2447;
    let day = l - 2447 * j / 80;
    let l = j / 11;
    let (month, year) = (j + 2 - 12 * l, 100 * (n - 49) + i + l);
    PartialDate::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::parse;

    fn date(text: &str) -> PartialDate {
        parse(text).unwrap().from
    }

    #[test]
    fn dates_of_other_calendars_are_converted() {
        for (text, expected) in [
            ("1341-04-23", "1962-07-14"),
            ("1357-11-22", "1979-02-11"),
            ("1382-09-12", "1963-02-06"),
            ("2505-07-14", "1962-07-14"),
        ] {
            let found = gregorian(date(text));
            assert!(found.iter().any(|span| span.to_string() == expected), "{text}: {found:?}");
        }
        let years = gregorian(date("1341"));
        assert!(years.iter().any(|span| span.to_string() == "1962 to 1963"), "{years:?}");
        assert!(years.iter().any(|span| span.to_string() == "1922 to 1923"), "{years:?}");
    }

    #[test]
    fn placeholders_and_impossible_years_say_nothing() {
        for text in ["1900-01-01", "1900", "1899-12-30", "1970-01-01", "1111-11-11", "2068-07-14", "1850"] {
            assert!(is_placeholder(date(text)), "{text}");
        }
        for text in ["1900-05-03", "1970", "1970-01-02", "1962-01-01", "1341", "2505", "1999"] {
            assert!(!is_placeholder(date(text)), "{text}");
        }
    }
}
