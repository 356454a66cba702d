//! From a file's bytes to UTF-8: by its mark, by what it declares, else by detection.
//!
//! A file that is UTF-8 but for some lines (older files of governments mix code pages) is read line by line.

use std::io::{self, BufRead, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, MACINTOSH, UTF_8};

use super::ReadError;

/// So much of a file is looked at before its code page is decided.
const LOOK_AHEAD: usize = 4 << 20;
/// A piece of a file that is decoded at once.
const PIECE: usize = 1 << 16;
/// Marks our own refusals among I/O errors.
pub const NOT_DECODED: &str = "the file's encoding";

/// How a file may be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected<'a> {
    /// Any code page, found by detection.
    Any,
    /// The one of this label (WHATWG Encoding Standard), by the configuration.
    Declared(&'a str),
    /// UTF-8 unless the file's XML declaration says otherwise.
    Xml,
    /// UTF-8.
    Utf8,
}

enum Mode {
    /// UTF-8; lines that are not are decoded by the second encoding, once it is known.
    Lines { strict: bool, other: Option<&'static Encoding> },
    /// All of the file by one decoder.
    Whole { decoder: Box<Decoder>, encoding: &'static Encoding },
}

/// A file as UTF-8.
pub struct Decoded<'a> {
    inner: &'a mut dyn BufRead,
    mode: Mode,
    /// Bytes that are read and not yet decoded.
    raw: Vec<u8>,
    ended: bool,
    out: Vec<u8>,
    at: usize,
    misfits: u64,
}

impl<'a> Decoded<'a> {
    /// Looks at the beginning of the file and decides how it is read.
    ///
    /// # Errors
    /// [`ReadError::WrongFormat`] for an encoding of an unknown name, and for bytes that are not what the format allows.
    pub fn open(inner: &'a mut dyn BufRead, expected: Expected<'_>) -> Result<Self, ReadError> {
        let mut raw = Vec::new();
        let read = (&mut *inner).take(LOOK_AHEAD as u64).read_to_end(&mut raw);
        let ended = read.map_err(|e| ReadError::Io(e.to_string()))? < LOOK_AHEAD;
        let mode = if let Some((encoding, mark)) = Encoding::for_bom(&raw) {
            raw.drain(..mark);
            by_name(encoding)
        } else {
            match expected {
                Expected::Declared(label) => by_name(labelled(label.trim())?),
                Expected::Xml => match declaration(&raw) {
                    Some(label) => by_name(labelled(&label)?),
                    None => by_name(UTF_8),
                },
                Expected::Utf8 => by_name(UTF_8),
                Expected::Any => detected(&raw, ended),
            }
        };
        Ok(Self { inner, mode, raw, ended, out: Vec::new(), at: 0, misfits: 0 })
    }

    /// The encoding's name, and how many lines had another.
    pub fn outcome(&self) -> (&'static str, u64) {
        let name = match &self.mode {
            Mode::Whole { encoding, .. } => encoding.name(),
            Mode::Lines { .. } => UTF_8.name(),
        };
        (name, self.misfits)
    }

    /// Decodes the next piece into `out`.
    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() {
            if self.raw.len() < PIECE && !self.ended {
                let before = self.raw.len();
                (&mut *self.inner).take(PIECE as u64).read_to_end(&mut self.raw)?;
                self.ended = self.raw.len() == before;
            }
            if self.raw.is_empty() {
                return Ok(());
            }
            let mut length = self.raw.len().min(PIECE);
            let last = self.ended && length == self.raw.len();
            match &mut self.mode {
                Mode::Whole { decoder, encoding } => {
                    let piece: Vec<u8> = self.raw.drain(..length).collect();
                    let mut text = String::new();
                    whole(decoder, &piece, &mut text, last, encoding)?;
                    self.out.extend_from_slice(text.as_bytes());
                }
                Mode::Lines { strict, other } => {
                    if !last {
                        // Whole lines, or at least whole characters.
                        let end = self.raw[..length].iter().rposition(|b| *b == b'\n').map(|at| at + 1);
                        length = end.unwrap_or_else(|| whole_characters(&self.raw[..length]));
                    }
                    let piece: Vec<u8> = self.raw.drain(..length).collect();
                    if std::str::from_utf8(&piece).is_ok() {
                        self.out = piece;
                    } else if *strict {
                        return Err(refusal("bytes that are not UTF-8"));
                    } else {
                        let other = *other.get_or_insert_with(|| guess(&piece));
                        self.misfits += lines(&piece, other, &mut self.out)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buf.len());
        buf[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Decoded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.out.len() {
            self.fill()?;
        }
        Ok(&self.out[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.out.len());
    }
}

fn refusal(problem: &str) -> io::Error {
    io::Error::other(format!("{NOT_DECODED}: {problem}"))
}

fn labelled(label: &str) -> Result<&'static Encoding, ReadError> {
    let unknown = || ReadError::WrongFormat(format!("{NOT_DECODED} {label:?} is not known"));
    Encoding::for_label(label.as_bytes()).ok_or_else(unknown)
}

fn by_name(encoding: &'static Encoding) -> Mode {
    if encoding == UTF_8 {
        return Mode::Lines { strict: true, other: None };
    }
    Mode::Whole { decoder: Box::new(encoding.new_decoder_without_bom_handling()), encoding }
}

/// What an XML declaration says of the encoding.
fn declaration(raw: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&raw[..raw.len().min(200)]);
    let (declared, _) = head.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declared.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.to_owned())
}

/// How a file without a mark and without a declaration is read.
fn detected(raw: &[u8], ended: bool) -> Mode {
    let (mut utf8, mut other) = (0usize, Vec::new());
    let mut rest: Vec<&[u8]> = raw.split(|b| *b == b'\n').collect();
    if !ended {
        // The look ahead may end in the middle of a character.
        rest.pop();
    }
    let mut misfits = 0usize;
    for line in rest {
        if line.is_ascii() {
            continue;
        }
        if std::str::from_utf8(line).is_ok() {
            utf8 += 1;
        } else {
            misfits += 1;
            other.extend_from_slice(line);
            other.push(b'\n');
        }
    }
    if misfits == 0 {
        return Mode::Lines { strict: false, other: None };
    }
    let encoding = guess(&other);
    if utf8 >= misfits { Mode::Lines { strict: false, other: Some(encoding) } } else { by_name(encoding) }
}

/// The code page that bytes are most likely of.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let found = detector.guess(None, Utf8Detection::Deny);
    // The detector is made for the web, where nothing is Mac Roman.
    if found.is_single_byte() && breaks_words(found, bytes) > 0 && breaks_words(MACINTOSH, bytes) == 0 {
        return MACINTOSH;
    }
    found
}

/// How often words are broken if the bytes are of this code page: by a sign between two letters, by a capital behind a
/// small letter, by a control character.
fn breaks_words(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let sample = &bytes[..bytes.len().min(PIECE)];
    let text = encoding.decode_without_bom_handling(sample).0;
    let chars: Vec<char> = text.chars().collect();
    let sign = |c: char| !c.is_ascii() && !c.is_alphanumeric() && !matches!(c, '’' | '\u{a0}' | '·' | '´' | '–');
    let parted = chars.windows(3).filter(|w| w[0].is_alphabetic() && sign(w[1]) && w[2].is_alphabetic()).count();
    let capitals = chars.windows(2).filter(|w| w[0].is_lowercase() && w[1].is_uppercase() && !w[1].is_ascii()).count();
    parted + capitals + chars.iter().filter(|c| matches!(c, '\u{80}'..='\u{9f}')).count()
}

fn whole(
    decoder: &mut Decoder,
    piece: &[u8],
    text: &mut String,
    last: bool,
    encoding: &'static Encoding,
) -> io::Result<()> {
    text.reserve(decoder.max_utf8_buffer_length(piece.len()).unwrap_or(piece.len() * 4));
    let (result, _) = decoder.decode_to_string_without_replacement(piece, text, last);
    let other = "name its encoding in the configuration, or ask its publisher";
    if !matches!(result, DecoderResult::InputEmpty) {
        return Err(refusal(&format!("bytes that are not {}: {other}", encoding.name())));
    }
    if text.chars().any(|c| matches!(c, '\u{80}'..='\u{9f}')) {
        return Err(refusal(&format!("control characters where {} has letters: {other}", encoding.name())));
    }
    Ok(())
}

/// Decodes those lines that are not UTF-8 by `other`; answers how many there were.
fn lines(piece: &[u8], other: &'static Encoding, out: &mut Vec<u8>) -> io::Result<u64> {
    let mut misfits = 0;
    for line in piece.split_inclusive(|b| *b == b'\n') {
        if std::str::from_utf8(line).is_ok() {
            out.extend_from_slice(line);
        } else {
            misfits += 1;
            let mut text = String::new();
            let mut decoder = other.new_decoder_without_bom_handling();
            whole(&mut decoder, line, &mut text, true, other)?;
            out.extend_from_slice(text.as_bytes());
        }
    }
    Ok(misfits)
}

/// The length without a character that is cut at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let length = bytes.len();
    let lead = (1..=3.min(length)).find(|back| bytes[length - back] >= 0xc0);
    let cut = lead.filter(|back| std::str::from_utf8(&bytes[length - back..]).is_err());
    length - cut.filter(|back| *back < length).unwrap_or(0)
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
