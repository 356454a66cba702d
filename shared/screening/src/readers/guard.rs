//! Bounds on what one record of a file may cost.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// The longest record of any list in use is under 100 kB; an unclosed quote or an element without end must not
/// pull a whole file into memory.
pub const MAX_RECORD_BYTES: usize = 4 << 20;
/// Marks our own refusal among I/O errors.
pub const TOO_LONG: &str = "a record is longer than 4 MiB";

/// Counts the bytes since the last record; the parser on top resets it.
#[derive(Debug, Clone, Default)]
pub struct Meter(Rc<Cell<usize>>);

impl Meter {
    pub fn record_done(&self) {
        self.0.set(0);
    }

    fn take(&self, n: usize) -> io::Result<()> {
        let now = self.0.get().saturating_add(n);
        self.0.set(now);
        if now > MAX_RECORD_BYTES { Err(io::Error::other(TOO_LONG)) } else { Ok(()) }
    }
}

/// A reader that fails once a record is longer than [`MAX_RECORD_BYTES`].
pub struct Guarded<'a> {
    inner: &'a mut dyn BufRead,
    meter: Meter,
}

impl<'a> Guarded<'a> {
    pub fn new(inner: &'a mut dyn BufRead) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { inner, meter: meter.clone() }, meter)
    }
}

impl Read for Guarded<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // Small steps, so that the meter is exact to within one step.
        let step = buf.len().min(1 << 16);
        let n = self.inner.read(&mut buf[..step])?;
        self.meter.take(n)?;
        Ok(n)
    }
}

impl BufRead for Guarded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // What was consumed since the last record is known only now.
        self.meter.take(0)?;
        let available = self.inner.fill_buf()?;
        Ok(&available[..available.len().min(1 << 16)])
    }

    fn consume(&mut self, n: usize) {
        // A refusal shows when more is asked for: consume cannot fail.
        let _ = self.meter.take(n);
        self.inner.consume(n);
    }
}

impl Guarded<'_> {
    /// Whether the record so far is within bounds (for parsers that use `fill_buf` and `consume`).
    pub fn within(meter: &Meter) -> bool {
        meter.0.get() <= MAX_RECORD_BYTES
    }
}
