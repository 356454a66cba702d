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

/// What a file seems to be by its first bytes; the rest is not looked at.
pub fn sniff(bytes: &[u8]) -> Result<ContentType, RejectReason> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let size = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&size[..], &kind, data, &[0; 4]].concat()
    }

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        let parts = [chunk(*b"IHDR", &header), chunk(*b"IDAT", &[1, 2, 3]), chunk(*b"IEND", &[])];
        [&b"\x89PNG\r\n\x1a\n"[..], &parts.concat()].concat()
    }

    fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
        let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
        let frame = [&[0xFF, 0xC0, 0, 11, 8][..], &h, &w, &[1, 1, 0x11, 0]].concat();
        let app = [0xFF, 0xE0, 0, 4, 0xFF, 0xD9]; // An end marker inside a segment is no end.
        let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0x3F, 0, 0x12, 0xFF, 0x00, 0x34];
        [&[0xFF, 0xD8][..], &app, &frame, &scan, &[0xFF, 0xD9]].concat()
    }

    fn webp_of(width: u32, height: u32) -> Vec<u8> {
        let bits = (width - 1) | (height - 1) << 14;
        let data = [&[0x2F][..], &bits.to_le_bytes(), &[0; 3]].concat();
        let size = u32::try_from(data.len()).unwrap();
        let body = [&b"WEBPVP8L"[..], &size.to_le_bytes(), &data].concat();
        [&b"RIFF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
    }

    fn pdf() -> Vec<u8> {
        b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n".to_vec()
    }

    fn samples() -> [(ContentType, Vec<u8>); 4] {
        [
            (ContentType::Png, png_of(640, 480)),
            (ContentType::Jpeg, jpeg_of(640, 480)),
            (ContentType::Webp, webp_of(640, 480)),
            (ContentType::Pdf, pdf()),
        ]
    }

    #[test]
    fn whole_files_are_known_by_their_content() {
        for (content_type, bytes) in samples() {
            let dimensions = (content_type != ContentType::Pdf).then_some((640, 480));
            assert_eq!(inspect(&bytes), Ok(Inspected { content_type, dimensions }), "{content_type}");
        }
    }

    #[test]
    fn cut_off_files_are_refused_wherever_they_end() {
        for (content_type, bytes) in samples() {
            // The PDF's last line break is not missed.
            let whole = bytes.len() - usize::from(content_type == ContentType::Pdf);
            for end in 0..whole {
                assert!(inspect(&bytes[..end]).is_err(), "{content_type} {end}");
            }
        }
    }

    #[test]
    fn bombs_and_empty_pictures_are_refused() {
        assert_eq!(inspect(&png_of(20_001, 1)), Err(RejectReason::TooManyPixels));
        assert_eq!(inspect(&png_of(u32::MAX, u32::MAX)), Err(RejectReason::TooManyPixels));
        assert_eq!(inspect(&jpeg_of(20_000, 20_000)), Err(RejectReason::TooManyPixels));
        assert_eq!(inspect(&webp_of(16_000, 16_000)), Err(RejectReason::TooManyPixels));
        assert_eq!(inspect(&png_of(0, 480)), Err(RejectReason::Malformed));
        assert_eq!(inspect(&[]), Err(RejectReason::Empty));
        assert_eq!(inspect(&vec![0; MAX_UPLOAD + 1]), Err(RejectReason::TooLarge));
    }

    #[test]
    fn other_types_are_refused_whatever_they_are_called() {
        for bytes in
            [&b"hello"[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a\x01\0\x01\0", b"PK\x03\x04zip"]
        {
            assert_eq!(inspect(bytes), Err(RejectReason::UnsupportedType));
        }
    }

    #[test]
    fn something_behind_the_end_is_let_be_in_jpeg_only() {
        let behind = |bytes: Vec<u8>| inspect(&[bytes, b"<script>".to_vec()].concat());
        assert!(behind(jpeg_of(640, 480)).is_ok());
        assert_eq!(behind(png_of(640, 480)), Err(RejectReason::Malformed));
        assert_eq!(behind(webp_of(640, 480)), Err(RejectReason::Malformed));
    }

    #[test]
    fn lengths_beyond_the_file_are_refused() {
        let mut png = png_of(640, 480);
        png[33..37].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(inspect(&png), Err(RejectReason::Malformed));
        let mut webp = webp_of(640, 480);
        webp[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(inspect(&webp), Err(RejectReason::Malformed));
        let mut jpeg = jpeg_of(640, 480);
        jpeg[4..6].copy_from_slice(&[0, 1]);
        assert_eq!(inspect(&jpeg), Err(RejectReason::Malformed));
    }

    #[test]
    fn a_scan_without_a_frame_is_no_picture() {
        let jpeg = jpeg_of(640, 480);
        let frameless = [&jpeg[..8], &jpeg[21..]].concat();
        assert_eq!(inspect(&frameless), Err(RejectReason::Malformed));
    }

    proptest! {
        /// Whatever comes, it is answered: neither a crash nor an endless walk.
        #[test]
        fn any_bytes_are_judged(kind in 0usize..4, at in 0usize..60, noise in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = samples()[kind].1.clone();
            let at = at.min(bytes.len());
            let end = (at + noise.len()).min(bytes.len());
            bytes.splice(at..end, noise);
            if let Ok(found) = inspect(&bytes) {
                prop_assert!(found.dimensions.is_none_or(|(w, h)| w > 0 && h > 0 && w * h <= MAX_PIXELS));
            }
        }
    }
}
