//! Why a hit is one, in words for the file.

use std::fmt::Write;

use super::entity::{Kind, NameType, Strength};
use super::evidence::Verdict;
use super::hit::Query;
use super::matcher::align::Pair;
use super::matcher::score::{Deduction, NameMatch};
use super::matcher::token::{Relation, TokenRef};
use super::normalise::TokenKind;

/// What was found out about one hit.
#[derive(Debug, Clone)]
pub struct Facts {
    pub lines: String,
    pub chance: i32,
    pub weak: i32,
    pub birth: Verdict,
    pub countries: Verdict,
    pub number: Verdict,
    pub number_kind: Option<String>,
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
    pub score: i32,
    pub facts: &'a Facts,
}

fn words(tokens: &[TokenRef<'_>], set: u32, keep: impl Fn(TokenKind) -> bool) -> String {
    let picked: Vec<&str> =
        Pair::indices(set).filter_map(|i| tokens.get(i)).filter(|t| keep(t.kind)).map(|t| t.text).collect();
    picked.join(" ")
}

/// Token by token: what agrees and how, what is missing, what contradicts; each with what it cost.
pub fn name_lines(left: &[TokenRef<'_>], right: &[TokenRef<'_>], found: &NameMatch) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut pairs: Vec<&Pair> = found.alignment.pairs.iter().collect();
    pairs.sort_by_key(|p| p.left.trailing_zeros());
    for pair in pairs {
        let (l, r) = (words(left, pair.left, |_| true), words(right, pair.right, |_| true));
        parts.push(match pair.agreement.relation {
            Relation::Same => format!("\"{l}\" is the same"),
            Relation::SameSound => format!("\"{l}\" and \"{r}\" are spellings of one sound"),
            Relation::Variant => format!("\"{l}\" and \"{r}\" are forms of one name"),
            Relation::Spelling => {
                format!("\"{l}\" differs from \"{r}\" in spelling (-{})", points(pair.agreement.loss))
            }
            Relation::Initial => {
                format!("\"{l}\" and \"{r}\": an initial for the name (-{})", points(pair.agreement.loss))
            }
            Relation::CutOff => format!("\"{l}\" and \"{r}\": one is cut off (-{})", points(pair.agreement.loss)),
            Relation::Consonants => {
                format!("\"{l}\" and \"{r}\" agree in their consonants (one script writes no vowels)")
            }
            Relation::Joined => format!("\"{l}\" and \"{r}\" are the same written together or apart"),
            Relation::Acronym => {
                format!("\"{l}\" and \"{r}\": the initials of the one are the other (-{})", points(pair.agreement.loss))
            }
        });
    }
    let meaningful = |k: TokenKind| !k.is_filler();
    let (only_left, only_right) =
        (words(left, found.alignment.left_over, meaningful), words(right, found.alignment.right_over, meaningful));
    for deduction in &found.deductions {
        let cost = points(deduction.loss());
        parts.push(match deduction {
            Deduction::Conflict(_) => format!("\"{only_left}\" stands against \"{only_right}\" (-{cost})"),
            Deduction::Extra(_) if only_left.is_empty() && only_right.is_empty() => {
                format!("small words differ (-{cost})")
            }
            Deduction::Extra(_) if only_left.is_empty() => format!("the list also has \"{only_right}\" (-{cost})"),
            Deduction::Extra(_) if only_right.is_empty() => format!("\"{only_left}\" is not on the list (-{cost})"),
            Deduction::Extra(_) => format!("one name has more parts than the other (-{cost})"),
            Deduction::SingleName(_) => format!("only one name agrees (-{cost})"),
            Deduction::Descent(_) => format!("father and son have changed places (-{cost})"),
            Deduction::Numbers(_) => format!("the numbers differ (-{cost})"),
            Deduction::OnlyGeneric(_) => format!("only words that many organisations use agree (-{cost})"),
            Deduction::ShortName(_) => format!("a short name agrees letter for letter or not at all (-{cost})"),
            Deduction::Forms(_) => format!("the company forms are of different families (-{cost})"),
            Deduction::Characters(_) => format!("characters of the original script differ (-{cost})"),
        });
    }
    let silent = |k: TokenKind| k.is_silent();
    let ignored = [words(left, u32::MAX, silent), words(right, u32::MAX, silent)].join(" ");
    if !ignored.trim().is_empty() {
        parts.push(format!("titles and company forms are not counted ({})", ignored.trim()));
    }
    parts.join("; ")
}

fn points(thousandths: i32) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// The whole explanation.
pub fn sentence(case: &Case<'_>) -> String {
    let mut out = String::new();
    let what = match (case.name_type, case.strength) {
        (_, Strength::Weak) => "an alias the list itself calls weak",
        (NameType::Alias, _) => "an alias",
        (NameType::Former, _) => "a former name",
        (NameType::OriginalScript, _) => "the name in its own script",
        (NameType::Primary, _) => "the listed name",
    };
    let _ =
        write!(out, "\"{}\" against \"{}\", {what} of {} {}", case.asked.name, case.listed, case.kind.word(), case.id);
    if case.listed != case.primary {
        let _ = write!(out, " ({})", case.primary);
    }
    let _ = write!(out, " on {}", case.list);
    if let Some(reference) = case.reference {
        let _ = write!(out, ", reference {reference}");
    }
    let _ = write!(out, ". Name {}: {}.", points(case.name_score), case.facts.lines);
    if case.facts.chance > 0 {
        let _ = write!(
            out,
            " So many listed names are alike that this much agreement may be chance (-{}).",
            points(case.facts.chance)
        );
    }
    if case.facts.weak > 0 {
        let _ = write!(out, " A weak alias alone says little (-{}).", points(case.facts.weak));
    }
    birth(case, &mut out);
    countries(case, &mut out);
    if let (Verdict::For(_), Some(kind)) = (case.facts.number, &case.facts.number_kind) {
        let _ = write!(out, " A number agrees ({kind}).");
    }
    let _ = write!(out, " Score {}.", points(case.score));
    out
}

fn birth(case: &Case<'_>, out: &mut String) {
    let listed = case.dates.join(", ");
    let asked = case.asked.date_of_birth.map(|d| d.to_string()).unwrap_or_default();
    let _ = match (case.facts.birth, case.asked.date_of_birth.is_some(), case.dates.is_empty()) {
        (Verdict::For(_), ..) => write!(out, " Birth date {asked} agrees with the listed {listed}."),
        (Verdict::Against(p), ..) => {
            write!(out, " Birth date {asked} speaks against the listed {listed} (-{}).", points(p))
        }
        (_, true, true) => write!(out, " The list has no birth date."),
        (_, false, false) => write!(out, " Listed birth dates: {listed}; none was given."),
        _ => Ok(()),
    };
}

fn countries(case: &Case<'_>, out: &mut String) {
    let _ = match case.facts.countries {
        Verdict::For(_) => write!(out, " A country agrees ({}).", case.countries.join(", ")),
        Verdict::Against(p) => write!(
            out,
            " No country agrees: {} given, {} listed (-{}).",
            case.asked.countries.join(", "),
            case.countries.join(", "),
            points(p)
        ),
        Verdict::Silent => Ok(()),
    };
}
