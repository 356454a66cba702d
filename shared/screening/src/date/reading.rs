//! From a date as a list writes it to a [`DateSpan`].

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::months::month;
use super::{DateSpan, PartialDate};

/// Longer texts are prose.
const LONGEST: usize = 120;
/// Words that mark a date as approximate.
const CIRCA: &[&str] = &[
    "approximately",
    "approx",
    "estimated",
    "possibly",
    "probably",
    "believed to be",
    "circa",
    "around",
    "about",
    "early",
    "late",
    "mid",
    "est",
    "ca",
    "c",
    "~",
];
/// Words that introduce a date and carry no information about it.
const INTRODUCTIONS: &[&str] =
    &["date of birth", "year of birth", "born in", "born on", "born", "d.o.b", "dob", "yob", "in", "on", "year"];
/// Names of the Islamic and the Persian calendar behind a date; its year tells the calendar (below 1500).
const CALENDARS: &[&str] =
    &["hijri calendar", "hijri", "hegira", "lunar", "solar", "shamsi", "qamari", "persian calendar", "a.h", "ah", "sh"];
/// Words that separate alternative dates.
const ALTERNATIVES: &[&str] = &[" or ", " ou ", " oder ", " and ", " & ", ";", ",", "/", "|"];

/// Reads the forms in use: `1962`, `1962-07`, `1962-07-14`, `14/07/1962` (day first, as the UK, India and the EU write
/// it; `00` or `dd` for unknown parts), `14-07-62` (a year from 32 on is of the last century; before, it says nothing), `14 Jul 1962`, `14th July 1962`, `14 de julio de 1962`, `July 14, 1962`,
/// `circa 1962`, `1962?`, `1960s`, `1960 to 1962`, `1960-1962`, `between Aug. and Sep. 1977`, with time and time zone
/// behind, in digits of any script.
pub fn parse(text: &str) -> Option<DateSpan> {
    span(&clean(text)?)
}

/// Reads a text that may hold several dates: `1960, 1964`, `1961 or 1962`, `1961/1962`.
pub fn parse_all(text: &str) -> Vec<DateSpan> {
    let Some(clean) = clean(text) else { return Vec::new() };
    if let Some(one) = span(&clean) {
        return vec![one];
    }
    let circa = uncertain(&clean).1;
    for separator in ALTERNATIVES {
        let parts: Vec<&str> = clean.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect();
        if parts.len() < 2 {
            continue;
        }
        let mut found: Vec<DateSpan> = Vec::new();
        for part in parts {
            let date = span(part).or_else(|| short_year(part, found.last()));
            found.extend(date.map(|date| DateSpan { circa: circa || date.circa, ..date }));
        }
        if !found.is_empty() {
            found.dedup();
            return found;
        }
    }
    Vec::new()
}

/// Whether a text says no more than that the date is not known.
pub fn says_nothing(text: &str) -> bool {
    const WORDS: &[&str] = &["unknown", "not", "known", "available", "n", "a", "na", "none", "null", "d", "m", "y"];
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| {
        WORDS.contains(&word) || word.bytes().all(|b| b == b'0') || matches!(word, "dd" | "mm" | "yyyy" | "yy")
    })
}

/// `63` behind 1962.
fn short_year(part: &str, before: Option<&DateSpan>) -> Option<DateSpan> {
    let two: u16 = Some(part).filter(|p| p.len() == 2)?.parse().ok()?;
    let year = before?.from.year / 100 * 100 + two;
    Some(PartialDate::new(year, 0, 0)?.into())
}

/// Lower case, without marks and quotes, digits of any script as ASCII.
fn clean(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .map(|c| match c {
            '–' | '—' | '‐' | '‑' | '‒' | '−' => '-',
            c => digit(c).unwrap_or(c),
        })
        .collect();
    let plain = plain.to_lowercase().replace(['(', ')', '[', ']'], " ");
    let ends = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '’' | '‘' | '`' | '.' | ',' | ':' | ';');
    Some(plain.trim_matches(ends).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The ASCII digit of a digit in the scripts of lists (Arabic, Persian, the Indic ones; full-width forms are folded before).
fn digit(c: char) -> Option<char> {
    const ZEROS: [u32; 12] = [0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0x1040];
    let value = ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|v| *v < 10))?;
    char::from_digit(value, 10)
}

/// Removes the words that introduce a date or mark it as approximate. Also returns whether it is approximate.
fn uncertain(text: &str) -> (&str, bool) {
    let (mut rest, mut circa) = (text, false);
    loop {
        let before = rest;
        for (words, inexact) in [(INTRODUCTIONS, false), (CIRCA, true)] {
            for word in words {
                // "c1962" is inexact, "mid" and "in" need an end.
                let stands_alone = |r: &&str| {
                    r.chars().next().is_none_or(|c| !c.is_alphabetic()) && (inexact || !r.starts_with(char::is_numeric))
                };
                if let Some(r) = rest.strip_prefix(word).filter(stands_alone) {
                    rest = r.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ':' | '-'));
                    circa |= inexact;
                }
                if inexact && let Some(r) = rest.strip_suffix(word).filter(|r| r.ends_with(' ')) {
                    rest = r.trim_end();
                    circa = true;
                }
            }
        }
        for calendar in CALENDARS {
            rest = rest.strip_suffix(calendar).filter(|r| r.ends_with(' ')).map_or(rest, str::trim_end);
        }
        if let Some(r) = rest.strip_suffix('?') {
            rest = r.trim_end();
            circa = true;
        }
        if rest == before {
            return (rest, circa);
        }
    }
}

fn span(text: &str) -> Option<DateSpan> {
    let (rest, circa) = uncertain(text);
    let (rest, is_range) = match rest.strip_prefix("between ").or_else(|| rest.strip_prefix("from ")) {
        Some(range) => (range, true),
        None => (rest, false),
    };
    for separator in [" to ", " and ", " until ", " - "] {
        if (separator != " and " || is_range)
            && let Some((a, b)) = rest.split_once(separator)
        {
            return range(a, b, circa);
        }
    }
    if let Some((a, b)) = rest.split_once('-')
        && is_year(a)
        && is_year(b)
    {
        return range(a, b, circa);
    }
    if let Some(year) = rest.strip_suffix('s').map(|decade| decade.trim_end_matches('\''))
        && is_year(year)
        && year.ends_with('0')
    {
        let year: u16 = year.parse().ok()?;
        return ordered(PartialDate::new(year, 0, 0)?, PartialDate::new(year + 9, 0, 0)?, circa);
    }
    let date = single(rest)?;
    Some(DateSpan { from: date, to: date, circa })
}

fn range(a: &str, b: &str, circa: bool) -> Option<DateSpan> {
    let ((a, first), (b, second)) = (uncertain(a), uncertain(b));
    let to = single(b)?;
    // "between Aug. and Sep. 1977": the year stands once.
    let from = single(a).or_else(|| single(&format!("{a} {}", to.year)))?;
    ordered(from, to, circa || first || second)
}

fn ordered(from: PartialDate, to: PartialDate, circa: bool) -> Option<DateSpan> {
    (from <= to).then_some(DateSpan { from, to, circa })
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A date of year, month and day with a time or a time zone behind it, without them.
fn without_time(text: &str) -> &str {
    let iso = |head: &str| {
        head.bytes().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { b == b'-' } else { b.is_ascii_digit() })
    };
    match (text.get(..10), text.get(10..)) {
        (Some(head), Some(rest)) if iso(head) && rest.starts_with(['t', ' ', 'z', '+', '-']) => head,
        _ => text,
    }
}

fn single(text: &str) -> Option<PartialDate> {
    let text = without_time(text);
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return PartialDate::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?);
    }
    let separators = |c: char| c.is_whitespace() || matches!(c, '-' | '/' | ',' | '.' | '年' | '月' | '日');
    let parts: Vec<&str> = text
        .split(separators)
        .filter(|p| !matches!(*p, "" | "de" | "del" | "of" | "the" | "am" | "pm" | "г") && !p.contains(':'))
        .collect();
    match *parts.as_slice() {
        [y] if is_year(y) => PartialDate::new(number(y)?, 0, 0),
        [m, y] if is_year(y) => PartialDate::new(number(y)?, month(m).map_or_else(|| small(m), Some)?, 0),
        [y, m] if is_year(y) => PartialDate::new(number(y)?, month(m).map_or_else(|| small(m), Some)?, 0),
        [y, m, d] if is_year(y) => {
            let m = month(m).map_or_else(|| small(m), Some)?;
            of_day(number(y)?, m, small(d)?)
        }
        [a, b, y] if is_year(y) || (short(y).is_some() && short(a).is_none()) => {
            let y = short(y).or_else(|| number(y))?;
            match (month(a), month(b)) {
                (_, Some(m)) => of_day(y, m, small(a)?),
                (Some(m), None) => of_day(y, m, small(b)?),
                (None, None) => of_day(y, small(b)?, small(a)?),
            }
        }
        [y, m, d] if short(y).is_some() && short(d).is_none() => of_day(short(y)?, small(m)?, small(d)?),
        _ => None,
    }
}

/// A year of two digits that can be neither a day nor a year of this century.
fn short(part: &str) -> Option<u16> {
    let two = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    part.parse().ok().filter(|year| two && *year > 31).map(|year: u16| 1900 + year)
}

/// Day and month may have changed places where one of them can be no month.
fn of_day(year: u16, month: u8, day: u8) -> Option<PartialDate> {
    let (month, day) = if month > 12 && day <= 12 { (day, month) } else { (month, day) };
    PartialDate::new(year, month, if month == 0 { 0 } else { day })
}

/// A number with or without the ending of an ordinal; 0 for `dd`, `xx` and the like.
fn number(part: &str) -> Option<u16> {
    if part.bytes().all(|b| matches!(b, b'd' | b'm' | b'x' | b'?')) {
        return Some(0);
    }
    let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
    let ending = &part[digits.len()..];
    matches!(ending, "" | "st" | "nd" | "rd" | "th" | "er" | "o" | "a" | "º" | "ª").then(|| digits.parse().ok())?
}

fn small(part: &str) -> Option<u8> {
    u8::try_from(number(part)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn single_dates_and_ranges_are_read() {
        for (text, expected) in [
            ("1962", "1962"),
            ("14 Jul 1962", "1962-07-14"),
            ("Jul 1962", "1962-07"),
            ("Sep 1938.", "1938-09"),
            ("Nov. 1973", "1973-11"),
            ("1962-07-14", "1962-07-14"),
            ("1962-7-4", "1962-07-04"),
            ("1962-07-14T00:00:00", "1962-07-14"),
            ("1962-07-14T00:00:00.000+02:00", "1962-07-14"),
            ("1962-11-09-05:00", "1962-11-09"),
            ("1962-11-09+01:00", "1962-11-09"),
            ("1962-11-09Z", "1962-11-09"),
            ("1962-11-09 00:00:00", "1962-11-09"),
            ("14/07/1962 00:00", "1962-07-14"),
            ("19620714", "1962-07-14"),
            ("1962-07", "1962-07"),
            ("14/07/1962", "1962-07-14"),
            ("07/14/1962", "1962-07-14"),
            ("14.07.1962", "1962-07-14"),
            ("14-07-62", "1962-07-14"),
            ("14/07/62", "1962-07-14"),
            ("14-Jul-62", "1962-07-14"),
            ("July 14, 62", "1962-07-14"),
            ("00/00/62", "1962"),
            ("62-07-14", "1962-07-14"),
            ("00/00/1962", "1962"),
            ("'00/00/1975", "1975"),
            ("dd/mm/1962", "1962"),
            ("1962-00-00", "1962"),
            ("July 14, 1962", "1962-07-14"),
            ("14th July 1962", "1962-07-14"),
            ("1st of March 1970", "1970-03-01"),
            ("14 de julio de 1962", "1962-07-14"),
            ("14 février 1962", "1962-02-14"),
            ("3 juin 1962", "1962-06-03"),
            ("3 juillet 1962", "1962-07-03"),
            ("14. März 1962", "1962-03-14"),
            ("14 июля 1962 г.", "1962-07-14"),
            ("1962年7月14日", "1962-07-14"),
            ("١٩٦٢", "1962"),
            ("१४/०७/१९६२", "1962-07-14"),
            ("circa 1962", "circa 1962"),
            ("c1962", "circa 1962"),
            ("c. 1962", "circa 1962"),
            ("ca. 1962", "circa 1962"),
            ("~1962", "circa 1962"),
            ("1962?", "circa 1962"),
            ("1962 (approx.)", "circa 1962"),
            ("Approximately 1962", "circa 1962"),
            ("Born 1962", "1962"),
            ("DOB: 14 Jul 1962", "1962-07-14"),
            ("1960s", "1960 to 1969"),
            ("1385 AH", "1385"),
            ("24/06/1402 (Hijri Calendar)", "1402-06-24"),
            ("mid-1960s", "circa 1960 to 1969"),
            ("1960 to 1962", "1960 to 1962"),
            ("1960-1962", "1960 to 1962"),
            ("1960–1962", "1960 to 1962"),
            ("between 1960 and 1962", "1960 to 1962"),
            ("Between Aug. and Sep. 1977", "1977-08 to 1977-09"),
            ("13 Jan 1954 to 13 Jan 1955", "1954-01-13 to 1955-01-13"),
        ] {
            assert_eq!(parse(text).map(|d| d.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "unknown",
            "32 Jan 1962",
            "14/13/1962",
            "1962 to 1960",
            "99999",
            "0062",
            "1961 or 1962",
            "May",
            "15/08/19",
            "15/08/19yy",
            "01-02-03",
            "62-07-63",
            "12-34-56",
            "62",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn several_dates_of_one_text_are_all_read() {
        for (text, expected) in [
            ("1960, 1964", "1960|1964"),
            ("1961/1962", "1961|1962"),
            ("1962/63", "1962|1963"),
            ("1961 or 1962", "1961|1962"),
            ("circa 1961 or 1962", "circa 1961|circa 1962"),
            ("14/07/1962, 15/07/1962", "1962-07-14|1962-07-15"),
            ("14 Jul 1962 or 15 Jul 1963", "1962-07-14|1963-07-15"),
            ("July 14, 1962", "1962-07-14"),
            ("1962 or so", "1962"),
            ("soon, or later", ""),
        ] {
            let found: Vec<String> = parse_all(text).iter().map(ToString::to_string).collect();
            assert_eq!(found.join("|"), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_says_there_is_no_date_is_told_from_one_that_is_not_understood() {
        for (text, expected) in [
            ("unknown", true),
            ("", true),
            ("00/00/0000", true),
            ("dd/mm/yyyy", true),
            ("N/A", true),
            ("30-35 years old", false),
        ] {
            assert_eq!(says_nothing(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,40}", digits in "[0-9]{1,4}[ /.-][0-9]{1,2}[ /.-][0-9]{1,4}") {
            let _ = (parse(&text), parse_all(&text), says_nothing(&text));
            for date in parse_all(&digits) {
                prop_assert!(date.from <= date.to);
            }
        }
    }
}
