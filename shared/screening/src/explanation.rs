//! Why a hit is one, in words for the file.

use std::fmt::Write;

use super::entity::{Kind, NameType, Strength};
use super::evidence::{Cause, ListedNumber};
use super::hit::{Hit, Query};
use super::matcher::align::Pair;
use super::matcher::score::{Deduction, NameMatch};
use super::matcher::token::{Relation, TokenRef};
use super::normalise::TokenKind;

/// One line of an explanation. The points of all lines of a hit or a comparison, added to 1000, are its score in thousandths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was found, in words.
    pub text: String,
    /// What it adds to the score, in thousandths; negative where it takes off.
    pub points: i32,
}

impl Step {
    pub(crate) fn new(text: impl Into<String>, points: i32) -> Self {
        Self { text: text.into(), points }
    }
}

/// A hit, about to be put into words.
#[derive(Debug)]
pub struct Case<'a> {
    pub asked: &'a Query,
    pub listed: &'a str,
    pub primary: &'a str,
    pub name_type: NameType,
    pub strength: Strength,
    pub list: &'a str,
    pub id: &'a str,
    pub reference: Option<&'a str>,
    pub kind: Kind,
    pub dates: &'a [String],
    pub countries: &'a [String],
    pub name_score: i32,
    /// The listed number that agrees or contradicts.
    pub number: Option<ListedNumber<'a>>,
}

fn words(tokens: &[TokenRef<'_>], set: u32, keep: impl Fn(TokenKind) -> bool) -> String {
    let picked: Vec<&str> =
        Pair::indices(set).filter_map(|i| tokens.get(i)).filter(|t| keep(t.kind)).map(|t| t.text).collect();
    picked.join(" ")
}

/// Token by token: what agrees and how, what is missing, what contradicts. The steps lead from 1 to the name score.
pub fn name_steps(left: &[TokenRef<'_>], right: &[TokenRef<'_>], found: &NameMatch) -> Vec<Step> {
    let mut steps = pair_steps(left, right, found);
    let meaningful = |k: TokenKind| !k.is_filler();
    let (only_left, only_right) =
        (words(left, found.alignment.left_over, meaningful), words(right, found.alignment.right_over, meaningful));
    for deduction in &found.deductions {
        let text = match deduction {
            Deduction::Conflict(_) => format!("\"{only_left}\" stands against \"{only_right}\""),
            Deduction::Extra(_) if only_left.is_empty() && only_right.is_empty() => "small words differ".into(),
            Deduction::Extra(_) if only_left.is_empty() => format!("the list also has \"{only_right}\""),
            Deduction::Extra(_) if only_right.is_empty() => format!("\"{only_left}\" is not on the list"),
            Deduction::Extra(_) => "one name has more parts than the other".into(),
            Deduction::SingleName(_) => "only one name agrees".into(),
            Deduction::Descent(_) => "father and son have changed places".into(),
            Deduction::Numbers(_) => "the numbers differ".into(),
            Deduction::OnlyGeneric(_) => "only words that many organisations use agree".into(),
            Deduction::ShortName(_) => "a short name agrees letter for letter or not at all".into(),
            Deduction::Forms(_) => "the company forms are of different families".into(),
            Deduction::Characters(_) => "characters of the original script differ".into(),
        };
        steps.push(Step::new(text, -deduction.loss()));
    }
    let silent = |k: TokenKind| k.is_silent();
    let ignored = [words(left, u32::MAX, silent), words(right, u32::MAX, silent)].join(" ");
    if !ignored.trim().is_empty() {
        steps.push(Step::new(format!("titles and company forms are not counted: {}", ignored.trim()), 0));
    }
    let sum: i32 = steps.iter().map(|step| step.points).sum();
    let rest = found.score - 1000 - sum;
    if rest != 0 {
        let text = if rest > 0 { "no name scores below nothing" } else { "nothing that tells one from another agrees" };
        steps.push(Step::new(text, rest));
    }
    steps
}

/// Where a number agrees and the names are not alike at all.
pub fn other_names() -> Vec<Step> {
    vec![Step::new("the names are not alike", -1000)]
}

/// The pairs in the order of the asked name, each with its part of what letters lose altogether.
fn pair_steps(left: &[TokenRef<'_>], right: &[TokenRef<'_>], found: &NameMatch) -> Vec<Step> {
    let mut pairs: Vec<&Pair> = found.alignment.pairs.iter().collect();
    pairs.sort_by_key(|p| p.left.trailing_zeros());
    let mut lost = 0;
    let mut before = 0;
    let step = |pair: &Pair| {
        lost += pair.agreement.loss;
        // What is rounded off one pair is added to the next.
        let points = before - lost * found.factor / 100;
        before = lost * found.factor / 100;
        let (l, r) = (words(left, pair.left, |_| true), words(right, pair.right, |_| true));
        let text = match pair.agreement.relation {
            Relation::Same => format!("\"{l}\" is the same"),
            Relation::SameSound => format!("\"{l}\" and \"{r}\" are spellings of one sound"),
            Relation::Variant => format!("\"{l}\" and \"{r}\" are forms of one name"),
            Relation::Spelling => format!("\"{l}\" differs from \"{r}\" in spelling"),
            Relation::Initial => format!("\"{l}\" and \"{r}\": an initial for the name"),
            Relation::CutOff => format!("\"{l}\" and \"{r}\": one is cut off"),
            Relation::Consonants => {
                format!("\"{l}\" and \"{r}\" agree in their consonants: one script writes no vowels")
            }
            Relation::Joined => format!("\"{l}\" and \"{r}\" are the same written together or apart"),
            Relation::Acronym => format!("\"{l}\" and \"{r}\": the initials of the one are the other"),
        };
        Step::new(text, points)
    };
    pairs.into_iter().map(step).collect()
}

/// `+0.060`, `-0.057`.
fn signed(thousandths: i32) -> String {
    let sign = if thousandths < 0 { '-' } else { '+' };
    format!("{sign}{}", points(thousandths.abs()))
}

fn points(thousandths: i32) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

impl Case<'_> {
    /// What a step beside the names is in words; nothing where there is nothing to say.
    pub fn step(&self, cause: Cause, points: i32) -> Option<Step> {
        let asked = self.asked;
        let (dates, countries) = (self.dates.join(", "), self.countries.join(", "));
        let text = match cause {
            Cause::Ceiling => "a name alone is no certainty".into(),
            Cause::Chance => "so many listed names are alike that this much agreement may be chance".into(),
            Cause::WeakAlias => "a weak alias alone says little".into(),
            Cause::OtherKind => format!("the list calls it another kind: {}", self.kind.word()),
            Cause::BirthDate => {
                let born = asked.date_of_birth.map(|d| d.to_string()).unwrap_or_default();
                match (points.signum(), born.is_empty(), dates.is_empty()) {
                    (1, ..) => format!("birth date {born} agrees with the listed {dates}"),
                    (-1, ..) => format!("birth date {born} speaks against the listed {dates}"),
                    (_, false, true) => "the list has no birth date".into(),
                    (_, true, false) => format!("no birth date was given, listed are {dates}"),
                    (_, false, false) => format!("birth date {born} and the listed {dates} cannot be compared"),
                    _ => return None,
                }
            }
            Cause::Country if points > 0 => format!("a country agrees: {countries}"),
            Cause::Country => format!("no country agrees: {} given, {countries} listed", asked.countries.join(", ")),
            Cause::Number => {
                let number = self.number?;
                let country = number.country.map(|country| format!(", {country}")).unwrap_or_default();
                let verb = if points > 0 { "agrees" } else { "is another" };
                format!("a number {verb}: {}{country}", number.label)
            }
            Cause::OtherName => "a whole other name never passes by birth date and country".into(),
        };
        (points != 0 || cause == Cause::BirthDate).then(|| Step::new(text, points))
    }

    /// The whole explanation. The numbers in brackets lead from 1 to the score.
    pub fn text(&self, steps: &[Step]) -> String {
        let what = match (self.name_type, self.strength) {
            (_, Strength::Weak) => "an alias the list itself calls weak",
            (NameType::Alias, _) => "an alias",
            (NameType::Former, _) => "a former name",
            (NameType::OriginalScript, _) => "the name in its own script",
            (NameType::Primary, _) => "the listed name",
        };
        let mut out =
            format!("\"{}\" against \"{}\", {what} of {} {}", self.asked.name, self.listed, self.kind.word(), self.id);
        if self.listed != self.primary {
            let _ = write!(out, " ({})", self.primary);
        }
        let _ = write!(out, " on {}", self.list);
        if let Some(reference) = self.reference {
            let _ = write!(out, ", reference {reference}");
        }
        out.push_str(FROM);
        let mut score = 1000;
        for step in steps {
            score += step.points;
            let _ = write!(out, "; {}", step.text);
            if step.points != 0 {
                let _ = write!(out, " ({})", signed(step.points));
            }
        }
        let _ = write!(out, ". Name {}. Score {}.", points(self.name_score), points(score));
        out
    }
}

const FROM: &str = ". From 1.000";

impl Hit {
    /// The explanation line by line. The points, added to 1000, are [`Hit::score`] in thousandths.
    pub fn steps(&self) -> Vec<Step> {
        read(&self.explanation).map(|(_, steps)| steps).unwrap_or_default()
    }

    /// The beginning of the explanation: which name was compared with which, of which entity on which list.
    pub fn compared(&self) -> &str {
        read(&self.explanation).map_or("", |(head, _)| head)
    }
}

/// Head and steps of the text of [`Case::text`]. Nothing of a text that is another.
fn read(text: &str) -> Option<(&str, Vec<Step>)> {
    // What was asked stands in the head, and may hold anything: so the last of these words counts.
    let (head, rest) = text.rsplit_once(FROM)?;
    let (steps, _) = rest.rsplit_once(". Name ")?;
    let read = |text: &str| {
        let bracket = text.rsplit_once(" (").and_then(|(words, rest)| {
            let number = rest.strip_suffix(')')?;
            let thousandths = number.strip_prefix(['+', '-'])?.replace('.', "").parse::<i32>().ok()?;
            Some(Step::new(words, if number.starts_with('-') { -thousandths } else { thousandths }))
        });
        bracket.unwrap_or_else(|| Step::new(text, 0))
    };
    Some((head, steps.split("; ").filter(|text| !text.is_empty()).map(read).collect()))
}
