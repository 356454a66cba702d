//! Names of months as lists and documents write them: English, and the languages of lists that are published in others.

/// How the names begin, without marks, in English, Spanish, French, German, Italian, Portuguese, Dutch, Polish, Turkish,
/// Indonesian and Russian.
const BEGINNINGS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "oca", "янв"],
    &["feb", "fev", "lut", "sub", "фев"],
    &["mar", "mrt", "maa", "мар"],
    &["apr", "abr", "avr", "kwi", "nis", "апр"],
    &["may", "mai", "mag", "mei", "maj", "маи", "мая"],
    &["jun", "juin", "giu", "cze", "haz", "июн"],
    &["jul", "juil", "lug", "lip", "tem", "июл"],
    &["aug", "ago", "aou", "sie", "agu", "авг"],
    &["sep", "set", "wrz", "eyl", "сен"],
    &["oct", "okt", "ott", "out", "paz", "eki", "окт"],
    &["nov", "lis", "kas", "ноя"],
    &["dec", "dic", "dez", "des", "gru", "ara", "дек"],
];

/// The month that a word without marks names, 1 to 12.
pub fn month(word: &str) -> Option<u8> {
    if !word.chars().all(char::is_alphabetic) {
        return None;
    }
    BEGINNINGS.iter().position(|names| names.iter().any(|name| word.starts_with(name))).map(|at| at as u8 + 1)
}
