//! What a file is by its bytes, and whether it is whole.
//!
//! The type comes from `infer`, the dimensions from `imagesize`; the structure is walked here, without decoding a
//! pixel: chunk by chunk, every length checked against what is left. No name and no declared type is believed.

use super::{ContentType, MAX_UPLOAD, RejectReason, pdf};

/// A picture larger than this costs more memory to decode than anybody needs to read a document.
const MAX_PIXELS: usize = 100_000_000;
/// The longest side.
const MAX_SIDE: usize = 20_000;

/// A file that is what it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspected {
    pub content_type: ContentType,
    /// Width and height in pixels; absent for PDF.
    pub dimensions: Option<(usize, usize)>,
}

/// Says what a file is, or why it is not taken.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, RejectReason> {
    if bytes.is_empty() {
        return Err(RejectReason::Empty);
    }
    if bytes.len() > MAX_UPLOAD {
        return Err(RejectReason::TooLarge);
    }
    let content_type = sniff(bytes)?;
    match content_type {
        ContentType::Png => png(bytes),
        ContentType::Jpeg => jpeg(bytes),
        ContentType::Webp => webp(bytes),
        ContentType::Pdf => {
            pdf::check(bytes)?;
            return Ok(Inspected { content_type, dimensions: None });
        }
    }
    .ok_or(RejectReason::Malformed)?;
    Ok(Inspected { content_type, dimensions: Some(dimensions(bytes)?) })
}

fn sniff(bytes: &[u8]) -> Result<ContentType, RejectReason> {
    let kind = infer::get(bytes).ok_or(RejectReason::UnsupportedType)?;
    kind.mime_type().parse().map_err(|_| RejectReason::UnsupportedType)
}

fn dimensions(bytes: &[u8]) -> Result<(usize, usize), RejectReason> {
    let size = imagesize::blob_size(bytes).map_err(|_| RejectReason::Malformed)?;
    let (width, height) = (size.width, size.height);
    if width == 0 || height == 0 {
        return Err(RejectReason::Malformed);
    }
    if width > MAX_SIDE || height > MAX_SIDE || width.saturating_mul(height) > MAX_PIXELS {
        return Err(RejectReason::TooManyPixels);
    }
    Ok((width, height))
}

/// A reader that yields `None` past the end.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn length(bytes: u32) -> Option<usize> {
    usize::try_from(bytes).ok()
}

/// PNG (ISO/IEC 15948): IHDR first, image data, IEND last and nothing behind it.
fn png(bytes: &[u8]) -> Option<()> {
    let mut cursor = Cursor(bytes);
    cursor.take(8)?;
    let mut data = false;
    let mut first = true;
    loop {
        let size = length(u32::from_be_bytes(cursor.array()?))?;
        let kind: [u8; 4] = cursor.array()?;
        cursor.take(size)?;
        cursor.take(4)?; // The checksum guards against noise, not against malice.
        match &kind {
            b"IHDR" if first && size == 13 => {}
            _ if first => return None,
            b"IHDR" => return None,
            b"IDAT" => data = true,
            b"IEND" => return (data && size == 0 && cursor.is_empty()).then_some(()),
            _ => {}
        }
        first = false;
    }
}

/// JPEG (ITU-T T.81): segments up to a frame and a scan, then the end marker. Cameras put more behind that (previews,
/// their own notes), which no decoder reads; so what follows is let be.
fn jpeg(bytes: &[u8]) -> Option<()> {
    let mut cursor = Cursor(bytes);
    cursor.take(2)?;
    let mut frame = false;
    loop {
        let marker = jpeg_marker(&mut cursor)?;
        match marker {
            // Standalone: restart markers and TEM.
            0xD0..=0xD7 | 0x01 => {}
            0xD8 | 0xD9 | 0x00 => return None,
            _ => {
                let size = usize::from(u16::from_be_bytes(cursor.array()?));
                cursor.take(size.checked_sub(2)?)?;
                match marker {
                    0xDA if frame => return jpeg_ends(cursor.0),
                    0xDA => return None,
                    // A frame header; C4, C8 and CC are tables.
                    0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => frame = true,
                    _ => {}
                }
            }
        }
    }
}

fn jpeg_marker(cursor: &mut Cursor<'_>) -> Option<u8> {
    if cursor.array::<1>()? != [0xFF] {
        return None;
    }
    loop {
        match cursor.array::<1>()? {
            [0xFF] => {} // Fill bytes.
            [marker] => return Some(marker),
        }
    }
}

/// Within a scan `FF D9` can only be the end marker: a data byte `FF` is followed by `00`.
fn jpeg_ends(scan: &[u8]) -> Option<()> {
    scan.windows(2).any(|pair| pair == [0xFF, 0xD9]).then_some(())
}

/// WebP (RFC 9649): a RIFF container as long as the file, of whole chunks, one of them the picture.
fn webp(bytes: &[u8]) -> Option<()> {
    let mut cursor = Cursor(bytes);
    cursor.take(4)?;
    let riff = length(u32::from_le_bytes(cursor.array()?))?;
    if riff.checked_add(8)? != bytes.len() {
        return None;
    }
    cursor.take(4)?;
    let mut first = true;
    let mut picture = false;
    while !cursor.is_empty() {
        let kind: [u8; 4] = cursor.array()?;
        let size = length(u32::from_le_bytes(cursor.array()?))?;
        cursor.take(size)?;
        cursor.take(size % 2)?;
        let is_picture = matches!(&kind, b"VP8 " | b"VP8L");
        if first && !(is_picture || &kind == b"VP8X") {
            return None;
        }
        first = false;
        // A moving picture (ANMF) is no document.
        picture |= is_picture;
    }
    picture.then_some(())
}
