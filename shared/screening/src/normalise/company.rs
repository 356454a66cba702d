//! Company forms, and organisations that hold several names in one field.
//!
//! The forms are those of ISO 20275 (the entity legal forms of the LEI system) that occur on sanctions lists, written
//! out, abbreviated and romanised.

use super::{Token, TokenKind, abbreviations, forms, sound, vessels};

/// Forms of several words, longest first, so that "open joint stock company" wins over "joint stock company".
const PHRASES: &[&str] = &[
    "obshchestvo s ogranichennoy otvetstvennostyu",
    "obschestvo s ogranichennoi otvetstvennostyu",
    "obshchestvo s ogranichennoi otvetstvennostiu",
    "publichnoe aktsionernoe obshchestvo",
    "otkrytoe aktsionernoe obshchestvo",
    "zakrytoe aktsionernoe obshchestvo",
    "aktsionernoe obshchestvo",
    "gesellschaft mit beschrankter haftung",
    "gesellschaft mit beschraenkter haftung",
    "societatea cu raspundere limitata",
    "societate cu raspundere limitata",
    "societa a responsabilita limitata",
    "societe a responsabilite limitee",
    "sociedad anonima de capital variable",
    "sociedad de responsabilidad limitada",
    "sociedade por quotas de responsabilidade limitada",
    "societe par actions simplifiee",
    "spolka z ograniczona odpowiedzialnoscia",
    "spolecnost s rucenim omezenym",
    "drustvo s ogranicenom odgovornoscu",
    "public joint stock company",
    "closed joint stock company",
    "open joint stock company",
    "joint stock company",
    "limited liability company",
    "limited liability partnership",
    "public limited company",
    "private limited company",
    "company limited by shares",
    "free zone company",
    "s a de c v",
    "sa de cv",
    "s de rl de cv",
    "sociedad anonima",
    "societe anonyme",
    "limited partnership",
    "general partnership",
    "naamloze vennootschap",
    "besloten vennootschap",
    "perseroan terbatas",
    "pvt limited",
    "private limited",
    "pvt ltd",
    "pte ltd",
    "pty ltd",
    "pte limited",
    "pty limited",
    "sendirian berhad",
    "sdn bhd",
    "company limited",
    "co ltd",
    "co limited",
    "sp z oo",
    "sp z o o",
    "kabushiki kaisha",
    "anonim sirketi",
    "anonim ortakligi",
    "compania anonima",
    "spolka akcyjna",
    "akciova spolecnost",
    "akcionarsko drustvo",
    "national association",
    "cong ty co phan",
    "cong ty cp",
    "cong ty tnhh",
    "cong ty",
    "public company limited",
    "private joint stock company",
    "limited sirketi",
    "aktiengesellschaft und co",
    "sociedad limitada",
    "s p a",
    "s r l",
    "s a l",
    "s a r l",
    "l l c",
    "g m b h",
    "p l c",
    "o o o",
    "l t d",
    "s a s",
    "f z e",
    "f z c o",
    "b v",
    "n v",
    "a s",
    "s a",
];

/// Forms of one word that are nobody's name.
const FORMS: &[&str] = &[
    "ltd",
    "limited",
    "llc",
    "llp",
    "lp",
    "plc",
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "gmbh",
    "aktiengesellschaft",
    "kgaa",
    "ooo",
    "oao",
    "zao",
    "pao",
    "ojsc",
    "cjsc",
    "pjsc",
    "jsc",
    "sarl",
    "srl",
    "spa",
    "sas",
    "sal",
    "bv",
    "nv",
    "aps",
    "oyj",
    "kft",
    "zrt",
    "nyrt",
    "doo",
    "dooel",
    "ead",
    "eood",
    "ood",
    "pte",
    "pty",
    "pvt",
    "bhd",
    "sdn",
    "berhad",
    "tbk",
    "fze",
    "fzc",
    "fzco",
    "fzllc",
    "dmcc",
    "pjs",
    "sro",
    "spzoo",
    "ltda",
    "limitada",
    "eireli",
    "cia",
    "kk",
    "lda",
    "jscb",
    "too",
    "toov",
    "tov",
    "pat",
    "vat",
    "uab",
    "ehf",
    "hf",
    "asa",
    "gesmbh",
    "ohg",
    "kg",
    "gbr",
    "sociedad",
    "anonyme",
    "co",
    "company",
    "firm",
    "sirketi",
    "compagnie",
    "compania",
    "cv",
    "gesellschaft",
    "ktg",
    "pc",
    "psc",
    "wll",
    "saog",
    "saoc",
    "pcl",
    "persero",
    "prjsc",
    "mchj",
];

/// Forms that are also names, initials or words: they count in an organisation's name only, and only at its end or
/// beginning.
const SHORT_FORMS: &[&str] =
    &["sa", "ag", "ab", "as", "oy", "se", "ao", "pt", "na", "sl", "ev", "ad", "ou", "aa", "sc", "ltda"];

/// The forms that count even behind a person's name.
const UNMISTAKABLE: &[&str] =
    &["llc", "ltd", "gmbh", "inc", "plc", "ooo", "oao", "ojsc", "pjsc", "fze", "sarl", "corp", "limited"];

/// Marks company forms. Words of a phrase become one token, so that "limited liability company" is one form; a phrase
/// of twelve letters or more is also known with one letter wrong or missing, since long forms are the ones that get
/// cut off and misspelled.
pub fn mark_forms(tokens: &[Token], person: bool) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let count = tokens.len();
    let mut i = 0;
    while i < count {
        if !person && let Some(words) = phrase_at(&tokens[i..]).or_else(|| listed_phrase(tokens, i)) {
            // A name that is nothing but a form keeps its words.
            if words < count {
                let text = tokens[i..i + words].iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
                let canon = sound::canonical(&text);
                out.push(Token { text, canon, kind: TokenKind::Legal, abjad: false });
                i += words;
                continue;
            }
        }
        if !person && let Some((words, place)) = place_at(&tokens[i..]) {
            out.push(Token {
                text: place.into(),
                canon: sound::canonical(place),
                kind: TokenKind::Place,
                abjad: false,
            });
            i += words;
            continue;
        }
        let mut token = tokens[i].clone();
        let text = token.text.as_str();
        // `Trust` at the end is a legal form; in `Trust Company` it is a line of business.
        let at_end = i > 0 && tokens[i + 1..].iter().all(is_form_behind) && (text != "trust" || i + 1 == count);
        let at_edge = i == 0 || at_end;
        if !person
            && i == 0
            && let Some(words) = vessels::type_before(tokens, is_form_word)
        {
            let text = tokens[..words].iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
            out.push(Token { canon: text.clone(), text, kind: TokenKind::Legal, abjad: false });
            i = words;
            continue;
        }
        let is_form = if token.abjad {
            false
        } else if person {
            i > 0 && UNMISTAKABLE.contains(&text)
        } else {
            count > 1
                && (FORMS.contains(&text)
                    || (at_edge && SHORT_FORMS.contains(&text))
                    || (at_end && is_form_behind(&token))
                    || (i == 0 && forms::stands_before(text)))
        };
        if is_form {
            token.kind = TokenKind::Legal;
        }
        out.push(token);
        i += 1;
    }
    out
}

/// A word that is a company's form wherever it stands.
fn is_form_word(text: &str) -> bool {
    FORMS.contains(&text)
}

/// A form of one word behind a name.
fn is_form_behind(token: &Token) -> bool {
    let text = token.text.as_str();
    !token.abjad
        && (FORMS.contains(&text)
            || SHORT_FORMS.contains(&text)
            || forms::stands_behind(text)
            || abbreviations::cut_ending(text))
}

/// A form of several words that stands before a name or behind it: as listed, or with words cut short.
fn listed_phrase(tokens: &[Token], at: usize) -> Option<usize> {
    let first = tokens.get(at)?;
    let listed = !first.abjad && forms::may_begin(&first.canon);
    let cut = abbreviations::may_begin(&first.text);
    if !listed && !cut {
        return None;
    }
    let words: Vec<&str> = tokens[at..].iter().map_while(|t| (!t.abjad).then_some(t.canon.as_str())).collect();
    let texts: Vec<&str> = tokens[at..].iter().map(|t| t.text.as_str()).collect();
    let found = forms::phrase(&words).or_else(|| abbreviations::cut_phrase(&texts))?;
    let behind = || tokens[at + found..].iter().all(is_form_behind);
    (at == 0 || behind()).then_some(found)
}

/// Countries and cities of several words, and the one word they are read as.
const PLACES_OF_WORDS: &[(&str, &str)] = &[
    ("democratic peoples republic of korea", "dprk"),
    ("peoples republic of china", "prc"),
    ("islamic republic of iran", "iran"),
    ("russian federation", "russia"),
    ("united states of america", "usa"),
    ("united arab emirates", "uae"),
    ("united kingdom", "uk"),
    ("great britain", "uk"),
    ("united states", "usa"),
    ("north korea", "dprk"),
    ("hong kong", "hongkong"),
    ("viet nam", "vietnam"),
    ("hk", "hongkong"),
];

fn place_at(tokens: &[Token]) -> Option<(usize, &'static str)> {
    PLACES_OF_WORDS.iter().find_map(|(phrase, place)| {
        let words = phrase.split(' ').count();
        let there = words <= tokens.len() && phrase.split(' ').zip(tokens).all(|(word, token)| word == token.text);
        there.then_some((words, *place))
    })
}

fn phrase_at(tokens: &[Token]) -> Option<usize> {
    let first = tokens.first()?.text.as_bytes().first().copied();
    PHRASES.iter().filter(|p| p.as_bytes().first().copied() == first).find_map(|phrase| {
        let words = phrase.split(' ').count();
        if words > tokens.len() {
            return None;
        }
        let exact = phrase.split(' ').zip(tokens).all(|(w, t)| t.text == w);
        if exact {
            return Some(words);
        }
        if phrase.len() < 12 {
            return None;
        }
        let mut wrong = 0;
        for (w, t) in phrase.split(' ').zip(tokens) {
            if t.text != w {
                if w.len() < 4 || !one_letter_apart(w.as_bytes(), t.text.as_bytes()) {
                    return None;
                }
                wrong += 1;
            }
        }
        (wrong <= 1).then_some(words)
    })
}

fn one_letter_apart(a: &[u8], b: &[u8]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let tail = if short.len() == long.len() { head + 1 } else { head };
    short[tail.min(short.len())..] == long[head + 1..]
}

#[cfg(test)]
mod tests;
