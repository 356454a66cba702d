//! The words between two names of one field.

use crate::entity::Kind;

/// What follows a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Another name.
    Alias,
    /// A name that was.
    Former,
    /// The family name before marriage.
    Birth,
    /// Another person's name.
    Relative,
}

/// A mark in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub mark: Mark,
    pub from: usize,
    pub to: usize,
    /// The word may as well be a name.
    pub is_doubtful: bool,
}

/// Marks of several words, longest first.
const PHRASES: &[(&[&str], Mark)] = &[
    (&["formerly", "also", "known", "as"], Mark::Former),
    (&["formerly", "known", "as"], Mark::Former),
    (&["formerly", "listed", "as"], Mark::Former),
    (&["formerly", "registered", "as"], Mark::Former),
    (&["formerly", "called"], Mark::Former),
    (&["formerly", "named"], Mark::Former),
    (&["previously", "known", "as"], Mark::Former),
    (&["previously", "listed", "as"], Mark::Former),
    (&["previously", "called"], Mark::Former),
    (&["previously", "named"], Mark::Former),
    (&["former", "name"], Mark::Former),
    (&["former", "names"], Mark::Former),
    (&["previous", "name"], Mark::Former),
    (&["previous", "names"], Mark::Former),
    (&["also", "known", "as"], Mark::Alias),
    (&["known", "also", "as"], Mark::Alias),
    (&["better", "known", "as"], Mark::Alias),
    (&["otherwise", "known", "as"], Mark::Alias),
    (&["commonly", "known", "as"], Mark::Alias),
    (&["now", "known", "as"], Mark::Alias),
    (&["also", "called"], Mark::Alias),
    (&["also", "spelled"], Mark::Alias),
    (&["also", "spelt"], Mark::Alias),
    (&["also", "written"], Mark::Alias),
    (&["also", "listed", "as"], Mark::Alias),
    (&["known", "as"], Mark::Alias),
    (&["doing", "business", "as"], Mark::Alias),
    (&["trading", "as"], Mark::Alias),
    (&["operating", "as"], Mark::Alias),
    (&["alias", "name"], Mark::Alias),
    (&["renamed", "as"], Mark::Alias),
    (&["renamed", "to"], Mark::Alias),
    (&["nom", "de", "guerre"], Mark::Alias),
    (&["connu", "sous", "le", "nom", "de"], Mark::Alias),
    (&["auch", "bekannt", "als"], Mark::Alias),
    (&["también", "conocido", "como"], Mark::Alias),
    (&["también", "conocida", "como"], Mark::Alias),
    (&["conocido", "como"], Mark::Alias),
    (&["conocida", "como"], Mark::Alias),
    (&["он", "же"], Mark::Alias),
    (&["она", "же"], Mark::Alias),
    (&["son", "of"], Mark::Relative),
    (&["daughter", "of"], Mark::Relative),
    (&["wife", "of"], Mark::Relative),
    (&["widow", "of"], Mark::Relative),
];

/// Words that are not names of persons.
const WORDS: &[(&str, Mark)] = &[
    ("@", Mark::Alias),
    ("aliases", Mark::Alias),
    ("renamed", Mark::Alias),
    ("formerly", Mark::Former),
    ("previously", Mark::Former),
];

/// Abbreviations: certain with their dots or strokes, else doubtful.
const ABBREVIATIONS: &[(&str, Mark)] = &[
    ("aka", Mark::Alias),
    ("nka", Mark::Alias),
    ("dba", Mark::Alias),
    ("ta", Mark::Alias),
    ("oa", Mark::Alias),
    ("fka", Mark::Former),
    ("pka", Mark::Former),
    ("so", Mark::Relative),
    ("do", Mark::Relative),
    ("wo", Mark::Relative),
    ("co", Mark::Relative),
];

/// Words that are marks in one language and names or words in another.
const DOUBTFUL: &[(&str, Mark)] = &[
    ("alias", Mark::Alias),
    ("urf", Mark::Alias),
    ("dit", Mark::Alias),
    ("genannt", Mark::Alias),
    ("ex", Mark::Former),
    ("née", Mark::Birth),
    ("nee", Mark::Birth),
    ("geb", Mark::Birth),
    ("geborene", Mark::Birth),
    ("nata", Mark::Birth),
];

/// Words that join two parts of one name, so that the word before them does not mark another name.
const JOINED: &[&str] = &["bin", "ibn", "binti", "bint", "b", "bt", "al", "el"];

struct Word<'t> {
    from: usize,
    to: usize,
    /// Without punctuation around it, lower case.
    bare: String,
    text: &'t str,
    /// The sign stands between letters without a blank (`A@B`).
    is_inside: bool,
}

/// The marks of a text, in their order.
pub fn marks(text: &str, kind: Kind) -> Vec<Found> {
    let words = words(text);
    let mut out: Vec<Found> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let (count, found) = match phrase(&words[i..]) {
            // What stands with a relative's name may be asked with it.
            Some((count, mark)) => (count, Some((mark, mark == Mark::Relative))),
            None => (1, single(&words, i, kind)),
        };
        // A doubtful mark needs a name behind it, a certain one a name before or behind.
        let is_last = i + count == words.len();
        if let Some((mark, is_doubtful)) = found.filter(|(_, is_doubtful)| !is_last || (i > 0 && !is_doubtful)) {
            out.push(Found { mark, from: words[i].from, to: words[i + count - 1].to, is_doubtful });
        }
        i += count;
    }
    out
}

fn phrase(words: &[Word<'_>]) -> Option<(usize, Mark)> {
    let fits = |(phrase, _): &&(&[&str], Mark)| {
        words.len() >= phrase.len() && phrase.iter().zip(words).all(|(wanted, word)| word.bare == *wanted)
    };
    PHRASES.iter().find(fits).map(|(phrase, mark)| (phrase.len(), *mark))
}

/// A mark of one word, and whether it is doubtful.
fn single(words: &[Word<'_>], at: usize, kind: Kind) -> Option<(Mark, bool)> {
    let word = &words[at];
    if let Some((_, mark)) = WORDS.iter().find(|(wanted, _)| word.bare == *wanted) {
        return Some((*mark, word.is_inside));
    }
    let bracketed = word.text.starts_with(['(', '[']) || word.text.ends_with(':');
    let letters: String = word.bare.chars().filter(|c| !matches!(c, '.' | '/')).collect();
    let is_abbreviated = word.bare.contains('/')
        || word.bare.matches('.').count() >= letters.len().min(2) - usize::from(!word.text.ends_with('.'));
    if let Some((_, mark)) = ABBREVIATIONS.iter().find(|(wanted, _)| letters == *wanted) {
        let is_relative = *mark == Mark::Relative;
        if letters.len() == 2 {
            // "s/o" and "t/a" by their stroke alone: "do" and "so" are names.
            return word.bare.contains('/').then_some((*mark, is_relative));
        }
        let is_certain = is_abbreviated || bracketed;
        return (is_certain || stands_between(words, at, kind)).then_some((*mark, !is_certain));
    }
    let (_, mark) = DOUBTFUL.iter().find(|(wanted, _)| letters == *wanted)?;
    let of_persons = matches!(mark, Mark::Birth);
    let fits = match kind {
        Kind::Person => letters != "ex" || bracketed,
        Kind::Unknown => true,
        _ => !of_persons,
    };
    (fits && (bracketed || stands_between(words, at, kind))).then_some((*mark, !bracketed))
}

/// A name stands before the word and another behind it.
fn stands_between(words: &[Word<'_>], at: usize, kind: Kind) -> bool {
    let enough = if kind == Kind::Person { at >= 2 } else { at >= 1 };
    enough && words.get(at + 1).is_some_and(|next| !JOINED.contains(&next.bare.as_str()))
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut out: Vec<Word<'_>> = Vec::new();
    let mut add = |from: usize, to: usize, is_mark: bool, is_inside: bool| {
        let word = &text[from..to];
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && !is_mark).to_lowercase();
        if !bare.is_empty() {
            out.push(Word { from, to, bare, text: word, is_inside });
        }
    };
    let mut from = None;
    for (at, c) in text.char_indices() {
        // "(ex-Omega" holds a mark and a name.
        if c == '-'
            && let Some(start) = from.filter(|from| matches!(&text[*from..at], "(ex" | "(Ex" | "(EX" | "[ex"))
        {
            add(start, at + 1, false, false);
            from = None;
            continue;
        }
        // "A@B" is two names, "a@b.example" an address.
        let is_mark = c == '@' && !names_a_host(&text[at + 1..]);
        if (c.is_whitespace() || matches!(c, '(' | '[') || is_mark)
            && let Some(from) = from.take()
        {
            add(from, at, false, false);
        }
        if is_mark {
            let beside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let is_inside = beside(text[..at].chars().next_back()) && beside(text[at + 1..].chars().next());
            add(at, at + 1, true, is_inside);
        } else if !c.is_whitespace() && from.is_none() {
            from = Some(at);
        }
    }
    if let Some(from) = from {
        add(from, text.len(), false, false);
    }
    out
}

/// Whether a text begins with something like `zeta.example`.
fn names_a_host(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.trim_end_matches('.').split('.').filter(|part| part.len() > 1).count() > 1
}
