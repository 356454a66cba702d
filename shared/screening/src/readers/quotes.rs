//! Whether a CSV file ends within quotes: the parser closes them at the end of the file, so that it cannot tell.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Where in a row the reading is (RFC 4180, as the parser reads it).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    FieldStart,
    Bare,
    Quoted,
    /// Behind a quote within quotes: the end of the field, or half of a doubled quote.
    Quote,
}

/// How the file stands at the byte that was read last.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending {
    place: Place,
    last: u8,
}

impl Ending {
    /// The quotes of the last field are not closed.
    pub fn within_quotes(self) -> bool {
        self.place == Place::Quoted
    }

    /// The last row has no line end.
    pub fn within_line(self) -> bool {
        !matches!(self.last, b'\n' | b'\r' | 0)
    }

    fn step(&mut self, byte: u8) {
        self.last = byte;
        self.place = match (self.place, byte) {
            (Place::FieldStart | Place::Quote, b'"') => Place::Quoted,
            (Place::Quoted, b'"') => Place::Quote,
            (Place::Quoted, _) => Place::Quoted,
            (_, b',' | b'\n' | b'\r') => Place::FieldStart,
            _ => Place::Bare,
        };
    }
}

/// Looks at the bytes that pass through.
pub struct Watched<R> {
    inner: R,
    ending: Rc<Cell<Ending>>,
}

impl<R: Read> Watched<R> {
    pub fn new(inner: R) -> (Self, Rc<Cell<Ending>>) {
        let ending = Rc::new(Cell::new(Ending::default()));
        (Self { inner, ending: Rc::clone(&ending) }, ending)
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        let mut ending = self.ending.get();
        for byte in &buf[..count] {
            ending.step(*byte);
        }
        self.ending.set(ending);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_quote_and_a_missing_line_end_are_seen() {
        for (text, within_quotes, within_line) in [
            ("a,b\n", false, false),
            ("a,b", false, true),
            ("a,\"b", true, true),
            ("a,\"b\n", true, false),
            ("a,\"b\"\n", false, false),
            ("a,\"b\"\"\n", true, false),
            ("a,\"b\"\"\"\r\n", false, false),
            ("a,5\" pipe\n", false, false),
            ("a,\"b\"c\"\n", false, false),
            ("", false, false),
        ] {
            let (mut watched, ending) = Watched::new(text.as_bytes());
            io::copy(&mut watched, &mut io::sink()).unwrap();
            let ending = ending.get();
            assert_eq!((ending.within_quotes(), ending.within_line()), (within_quotes, within_line), "{text:?}");
        }
    }
}
