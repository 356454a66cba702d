//! Words of the command line.

use std::borrow::Cow;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use verinym_screening::readers::iso_country;
use verinym_screening::{Artifact, AskedNumber, Kind, NumberType, PartialDate, date};

use crate::{DONE, Outcome};

/// The command was called in a way that it does not know.
#[derive(Debug)]
pub struct Usage(String);

impl Usage {
    pub fn of(problem: &str, help: &str) -> Box<dyn Error> {
        Box::new(Self(format!("{problem}\n\n{}", help.trim_end())))
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

pub fn print(text: &str) -> Outcome {
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(DONE)
}

/// What stands behind a verb.
#[derive(Debug)]
pub struct Args {
    plain: Vec<OsString>,
    options: Vec<(String, OsString)>,
    help: &'static str,
}

impl Args {
    /// Reads all words. Nothing if help was asked for: then it is printed.
    pub fn of(words: impl Iterator<Item = OsString>, help: &'static str) -> Result<Option<Self>, Box<dyn Error>> {
        let mut parser = lexopt::Parser::from_args(words);
        let mut args = Self { plain: Vec::new(), options: Vec::new(), help };
        while let Some(word) = parser.next().map_err(|e| Usage::of(&e.to_string(), help))? {
            let name = match word {
                lexopt::Arg::Value(value) => {
                    args.plain.push(value);
                    continue;
                }
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return print(help).map(|_| None),
                lexopt::Arg::Short(letter) => format!("-{letter}"),
                lexopt::Arg::Long(name) => format!("--{name}"),
            };
            // The help names each option as a user writes it, so it is also the list of what there is.
            let mut words = help.split_whitespace().skip_while(|known| *known != name);
            if words.next().is_none() {
                return Err(Usage::of(&format!("no option {name}"), help));
            }
            let takes_value =
                words.next().is_some_and(|next| next.bytes().all(|b| b.is_ascii_uppercase() || b == b'='));
            let value = if takes_value {
                parser.value().map_err(|e| Usage::of(&e.to_string(), help))?
            } else {
                OsString::new()
            };
            args.options.push((name, value));
        }
        Ok(Some(args))
    }

    pub fn wrong(&self, problem: &str) -> Box<dyn Error> {
        Usage::of(problem, self.help)
    }

    /// The plain words, if there are as many as wanted.
    pub fn plain<const N: usize>(&self) -> Result<[&OsString; N], Box<dyn Error>> {
        let words: Vec<&OsString> = self.plain.iter().collect();
        words.try_into().map_err(|found: Vec<_>| self.wrong(&format!("{N} arguments expected, {} given", found.len())))
    }

    pub fn count(&self) -> usize {
        self.plain.len()
    }

    pub fn path(&self, option: &str) -> Option<PathBuf> {
        self.options.iter().rev().find(|(name, _)| name == option).map(|(_, value)| value.into())
    }

    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    /// All values of an option that may stand several times.
    pub fn all(&self, option: &str) -> Result<Vec<&str>, Box<dyn Error>> {
        let named = self.options.iter().filter(|(name, _)| name == option);
        named.map(|(_, value)| value.to_str().ok_or_else(|| self.wrong(&format!("{option} is no UTF-8")))).collect()
    }

    /// The last value of an option, read by `parse`.
    pub fn one<T>(&self, option: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Box<dyn Error>> {
        let Some(text) = self.all(option)?.pop() else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| self.wrong(&format!("{option} cannot be {text}")))
    }

    pub fn text<'a>(&self, word: &'a OsString) -> Result<&'a str, Box<dyn Error>> {
        word.to_str().ok_or_else(|| self.wrong("a name is no UTF-8"))
    }

    pub fn kind(&self) -> Result<Option<Kind>, Box<dyn Error>> {
        self.one("--kind", |word| Some(kind_of(word)).filter(|kind| *kind != Kind::Unknown))
    }

    pub fn born(&self) -> Result<Option<PartialDate>, Box<dyn Error>> {
        self.one("--born", |text| date::parse(text).filter(|span| span.from == span.to).map(|span| span.from))
    }

    pub fn countries(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let known = |text: &&str| {
            iso_country(text).map(str::to_owned).ok_or_else(|| self.wrong(&format!("--country cannot be {text}")))
        };
        self.all("--country")?.iter().map(known).collect()
    }

    /// `passport=N0046177`, or a number of a type that is not told.
    pub fn numbers(&self) -> Result<Vec<AskedNumber>, Box<dyn Error>> {
        let number = |text: &&str| match text.split_once('=') {
            None => Ok(AskedNumber::from(*text)),
            Some((word, value)) => NumberType::parse(word)
                .map(|kind| AskedNumber { kind, value: value.to_owned(), country: None })
                .ok_or_else(|| self.wrong(&format!("no type of number {word}"))),
        };
        self.all("--number")?.iter().map(number).collect()
    }
}

/// Words of this command, of requests and of `FollowTheMoney`.
pub fn kind_of(word: &str) -> Kind {
    match word.trim().to_ascii_lowercase().as_str() {
        "person" => Kind::Person,
        "company" | "organization" | "organisation" | "publicbody" => Kind::Organisation,
        "vessel" => Kind::Vessel,
        "airplane" | "aircraft" => Kind::Aircraft,
        _ => Kind::Unknown,
    }
}

/// The file's name is told with what is wrong with it.
pub fn named<T, E: fmt::Display>(file: &OsString, result: Result<T, E>) -> Result<T, Box<dyn Error>> {
    result.map_err(|e| format!("{}: {e}", file.display()).into())
}

pub fn load(file: &OsString) -> Result<Artifact, Box<dyn Error>> {
    named(file, Artifact::load(named(file, fs::read(file))?))
}

/// A column of a header, whatever blanks or byte order mark it begins with.
pub fn column(headers: &csv::ByteRecord, name: &str) -> Option<usize> {
    headers.iter().position(|h| String::from_utf8_lossy(h).trim_start_matches('\u{feff}').trim() == name)
}

/// A field as text. Bytes that are no UTF-8 are shown as such, and compared as nothing.
pub fn text(record: &csv::ByteRecord, at: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(record.get(at).unwrap_or_default())
}
