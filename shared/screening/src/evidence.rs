//! From "the names agree" to "this is the person".
//!
//! Evidence in favour closes a share of the distance to certainty, so it can never lower a score and never reach 1 by
//! repetition; evidence against takes points off. All in thousandths.

use super::calendar;
use super::date::{DateSpan, PartialDate};
use super::number::{self, AskedNumber, NumberType};

/// The most that a name alone can score.
pub const NAME_CEILING: i32 = 970;

/// What a comparison of one kind of evidence found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Percent of the distance to certainty.
    For(i32),
    /// Thousandths off.
    Against(i32),
    /// Nothing to compare, or nothing to be learnt.
    Silent,
}

impl Verdict {
    /// The score after this evidence.
    pub fn apply(self, score: i32) -> i32 {
        match self {
            Self::For(percent) => score + (1000 - score).max(0) * percent / 100,
            Self::Against(points) => (score - points).max(0),
            Self::Silent => score,
        }
    }
}

/// Name scores above the threshold are compressed towards [`NAME_CEILING`]; 850 stays 850.
pub fn ceiling(name_score: i32) -> i32 {
    if name_score <= 850 { name_score } else { 850 + (name_score - 850) * (NAME_CEILING - 850) / 150 }
}

/// How the birth date stands to those on the list: the one that agrees best counts, since lists give alternatives.
pub fn birth(asked: Option<PartialDate>, listed: impl Iterator<Item = DateSpan>) -> Verdict {
    let Some(asked) = asked else { return Verdict::Silent };
    let worth = |v: &Verdict| match v {
        Verdict::For(p) => 1000 + p,
        Verdict::Silent => 0,
        Verdict::Against(p) => -p,
    };
    listed.map(|span| one_birth(asked, span)).max_by_key(worth).unwrap_or(Verdict::Silent)
}

fn one_birth(asked: PartialDate, listed: DateSpan) -> Verdict {
    if [asked, listed.from, listed.to].into_iter().any(calendar::is_placeholder) {
        return Verdict::Silent;
    }
    match (calendar::is_foreign(asked), calendar::is_foreign(listed.from)) {
        (true, false) => in_favour(calendar::gregorian(asked).into_iter().map(|asked| point(asked, listed))),
        (false, true) => in_favour(calendar::gregorian(listed.from).into_iter().map(|listed| dated(asked, listed))),
        _ => dated(asked, listed),
    }
}

/// A converted date counts only in favour, because it is not known which calendar was meant.
fn in_favour(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let percent = |verdict: &Verdict| if let Verdict::For(percent) = verdict { *percent } else { 0 };
    verdicts.filter(|verdict| percent(verdict) > 0).max_by_key(percent).unwrap_or(Verdict::Silent)
}

/// Compares a span of the query: as one date if it is one, else from the list's side.
fn point(asked: DateSpan, listed: DateSpan) -> Verdict {
    if asked.from == asked.to {
        dated(asked.from, listed)
    } else if listed.from == listed.to {
        dated(listed.from, asked)
    } else {
        Verdict::Silent
    }
}

/// Whether two years differ by one digit, or by two neighbours in each other's place: the commonest slips of a clerk.
fn one_slip(a: u16, b: u16) -> bool {
    let digits = |year: u16| [year / 1000, year / 100 % 10, year / 10 % 10, year % 10];
    let (x, y) = (digits(a), digits(b));
    let differ: Vec<usize> = (0..4).filter(|i| x[*i] != y[*i]).collect();
    match *differ.as_slice() {
        [_] => true,
        [i, j] => j == i + 1 && x[i] == y[j] && x[j] == y[i],
        _ => false,
    }
}

fn dated(asked: PartialDate, listed: DateSpan) -> Verdict {
    let slack = u16::from(listed.circa);
    let (first, last) = (listed.from.year.saturating_sub(slack), listed.to.year + slack);
    if asked.year < first || asked.year > last {
        let apart = if asked.year < first { first - asked.year } else { asked.year - last };
        let (a, l) = (asked, listed.from);
        if listed.from == listed.to && a.day != 0 && (a.month, a.day) == (l.month, l.day) && one_slip(a.year, l.year) {
            return Verdict::Against(30);
        }
        return Verdict::Against(match apart {
            // Off by one happens: other calendars, guessed years.
            1 => 30,
            2 => 70,
            3..=5 => 120,
            _ => 200,
        });
    }
    if listed.from != listed.to || listed.circa {
        return Verdict::For(20);
    }
    let (a, l) = (asked, listed.from);
    if a.month == 0 || l.month == 0 {
        return Verdict::For(25);
    }
    let day_known = a.day != 0 && l.day != 0;
    if a.month == l.month && (!day_known || a.day == l.day) {
        return Verdict::For(if day_known { 60 } else { 40 });
    }
    // The first of January stands for "day unknown" in many registers; day and month change places in others.
    if (l.month == 1 && l.day == 1) || (a.month == 1 && a.day == 1) {
        return Verdict::For(20);
    }
    if day_known && a.day == l.month && a.month == l.day {
        return Verdict::For(40);
    }
    Verdict::Against(if a.month == l.month || (day_known && a.day == l.day) { 10 } else { 40 })
}

/// Nationality and residence: one in common speaks a little for, none a little against (people have several).
pub fn countries<'a>(asked: &[String], listed: impl Iterator<Item = &'a str>) -> Verdict {
    let mut any = false;
    for country in listed {
        any = true;
        if asked.iter().any(|a| a.eq_ignore_ascii_case(country)) {
            return Verdict::For(12);
        }
    }
    if any && !asked.is_empty() { Verdict::Against(20) } else { Verdict::Silent }
}

/// Why a score is not what the names alone would give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A name alone is no certainty.
    Ceiling,
    Chance,
    WeakAlias,
    OtherKind,
    BirthDate,
    Country,
    Number,
    /// Another name never passes by birth date and country.
    OtherName,
}

/// What bears on a score beside the names.
#[derive(Debug, Clone, Copy)]
pub struct Bearing {
    /// Thousandths off.
    pub chance: i32,
    pub weak: i32,
    pub kind: i32,
    pub birth: Verdict,
    pub countries: Verdict,
    pub number: Verdict,
    /// Each side has a name that the other has not.
    pub contradict: bool,
}

/// What a name can score at most in which each side has a name that the other has not.
const MOST_OF_ANOTHER_NAME: i32 = 845;

impl Bearing {
    /// From the name score to the score, each step with what it adds: the steps and the name score add up to the score.
    pub fn weigh(&self, name_score: i32, mut step: impl FnMut(Cause, i32)) -> i32 {
        let mut score = name_score;
        let mut go = |score: &mut i32, cause: Cause, to: i32| {
            step(cause, to - *score);
            *score = to;
        };
        go(&mut score, Cause::Ceiling, ceiling(name_score));
        for (cause, points) in
            [(Cause::Chance, self.chance), (Cause::WeakAlias, self.weak), (Cause::OtherKind, self.kind)]
        {
            let to = (score - points).max(0);
            go(&mut score, cause, to);
        }
        // Against first, so that what speaks for works on what is left.
        let mut ordered =
            [(Cause::BirthDate, self.birth), (Cause::Country, self.countries), (Cause::Number, self.number)];
        ordered.sort_by_key(|(_, verdict)| matches!(verdict, Verdict::For(_)));
        for (cause, verdict) in ordered {
            let to = verdict.apply(score);
            go(&mut score, cause, to);
        }
        if self.contradict && !matches!(self.number, Verdict::For(_)) {
            let to = score.min(MOST_OF_ANOTHER_NAME);
            go(&mut score, Cause::OtherName, to);
        }
        score
    }
}

/// A number on a list, in normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedNumber<'a> {
    /// What the list calls it.
    pub label: &'a str,
    pub number: &'a str,
    pub country: Option<&'a str>,
}

/// A number in common says almost everything. Another number of a type of which a bearer has one in a country speaks against;
/// else none in common says nothing. Also answers which listed number it was.
pub fn identifiers<'a>(
    asked: &[AskedNumber],
    listed: impl Iterator<Item = ListedNumber<'a>>,
) -> (Verdict, Option<ListedNumber<'a>>) {
    let mut against = (Verdict::Silent, None);
    if asked.is_empty() {
        return against;
    }
    for one in listed {
        for number in asked {
            if number.value == one.number && number::tells(one.number) {
                return (Verdict::For(90), Some(one));
            }
            let kind = NumberType::of_label(one.label);
            let country = match (number.country.as_deref(), one.country) {
                (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                _ => kind.is_global(),
            };
            if let Some(points) = kind.contradiction().filter(|_| kind == number.kind && country)
                && against.0 == Verdict::Silent
            {
                against = (Verdict::Against(points), Some(one));
            }
        }
    }
    against
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::parse;
    use proptest::prelude::*;

    #[test]
    fn birth_dates() {
        for (asked, listed, expected) in [
            ("1962-07-14", "1962-07-14", Verdict::For(60)),
            ("1962-07-14", "14 Jul 1962", Verdict::For(60)),
            ("1962-07-14", "Jul 1962", Verdict::For(40)),
            ("1962-07-14", "1962", Verdict::For(25)),
            ("1962", "1962-07-14", Verdict::For(25)),
            ("1962-07-14", "1962-01-01", Verdict::For(20)),
            ("1962-07-04", "1962-04-07", Verdict::For(40)),
            ("1962-07-14", "1962-07-15", Verdict::Against(10)),
            ("1962-07-14", "1962-09-20", Verdict::Against(40)),
            ("1962-07-14", "1960 to 1965", Verdict::For(20)),
            ("1962-07-14", "circa 1963", Verdict::For(20)),
            ("1962-07-14", "1963-07-14", Verdict::Against(30)),
            ("1962-07-14", "1966", Verdict::Against(120)),
            ("1992-07-14", "1962", Verdict::Against(200)),
        ] {
            let got = birth(parse(asked).map(|d| d.from), parse(listed).into_iter());
            assert_eq!(got, expected, "{asked} / {listed}");
        }
        for (asked, listed, expected) in [
            ("1962-07-14", "1900-01-01", Verdict::Silent),
            ("1962-07-14", "2068-07-14", Verdict::Silent),
            ("1962-07-14", "1341-04-23", Verdict::For(60)),
            ("1341-04-23", "14 Jul 1962", Verdict::For(60)),
            ("1962-07-14", "1382", Verdict::For(20)),
            ("1382", "1962-07-14", Verdict::For(20)),
            ("1990-07-14", "1341-04-23", Verdict::Silent),
            ("2505-07-14", "1962-07-14", Verdict::For(60)),
            ("1926-07-14", "1962-07-14", Verdict::Against(30)),
            ("1992-07-14", "1962-07-14", Verdict::Against(30)),
            ("1992-07-14", "1962-07-15", Verdict::Against(200)),
        ] {
            let got = birth(parse(asked).map(|d| d.from), parse(listed).into_iter());
            assert_eq!(got, expected, "{asked} / {listed}");
        }
        assert_eq!(birth(None, parse("1962").into_iter()), Verdict::Silent);
        assert_eq!(birth(parse("1962").map(|d| d.from), std::iter::empty()), Verdict::Silent);
        // Alternatives: the best one counts.
        let both = [parse("1990").unwrap(), parse("1962-07-14").unwrap()];
        assert_eq!(birth(parse("1962-07-14").map(|d| d.from), both.into_iter()), Verdict::For(60));
    }

    #[test]
    fn countries_and_numbers() {
        let asked = ["PE".to_owned()];
        assert_eq!(countries(&asked, ["US", "pe"].into_iter()), Verdict::For(12));
        assert_eq!(countries(&asked, ["US"].into_iter()), Verdict::Against(20));
        assert_eq!(countries(&[], ["US"].into_iter()), Verdict::Silent);
        let one = |label, number| ListedNumber { label, number, country: Some("PE") };
        let numbers = ["AB12345".into(), "12".into()];
        let found = identifiers(&numbers, [one("passport", "AB12345")].into_iter());
        assert_eq!(found, (Verdict::For(90), Some(one("passport", "AB12345"))));
        assert_eq!(identifiers(&numbers, [one("passport", "12")].into_iter()).0, Verdict::Silent);
        let asked =
            |kind, country: &str| [AskedNumber { kind, value: "AB99999".into(), country: Some(country.to_owned()) }];
        for (kind, country, expected) in [
            (NumberType::Passport, "PE", Verdict::Against(40)),
            (NumberType::Passport, "US", Verdict::Silent),
            (NumberType::Tax, "PE", Verdict::Silent),
        ] {
            let found = identifiers(&asked(kind, country), [one("passport", "AB12345")].into_iter()).0;
            assert_eq!(found, expected, "{kind:?} {country}");
        }
    }

    proptest! {
        #[test]
        fn evidence_in_favour_never_lowers_and_never_makes_certain(score in 0i32..=970, a in 0i32..100, b in 0i32..100) {
            let once = Verdict::For(a).apply(score);
            prop_assert!(once >= score && once < 1000);
            prop_assert!(Verdict::For(b).apply(once) >= once);
        }

        #[test]
        fn the_steps_add_up_to_the_score(
            name in 0i32..=1000, chance in 0i32..=130, weak in 0i32..=140, kind in 0i32..=50, verdicts in (0usize..5, 0usize..5, 0usize..5),
            contradict: bool,
        ) {
            let verdict = |i| [Verdict::Silent, Verdict::For(12), Verdict::For(90), Verdict::Against(30), Verdict::Against(200)][i];
            let (birth, countries, number) = (verdict(verdicts.0), verdict(verdicts.1), verdict(verdicts.2));
            let bearing = Bearing { chance, weak, kind, birth, countries, number, contradict };
            let mut sum = name;
            let score = bearing.weigh(name, |_, points| sum += points);
            prop_assert_eq!(sum, score);
            prop_assert!((0..1000).contains(&score));
        }

        #[test]
        fn a_name_alone_stays_below_the_ceiling_and_keeps_its_order(a in 0i32..=1000, b in 0i32..=1000) {
            prop_assert!(ceiling(a) <= NAME_CEILING);
            prop_assert!(a > b || ceiling(a) <= ceiling(b));
            prop_assert_eq!(ceiling(a) >= 850, a >= 850);
        }
    }
}
