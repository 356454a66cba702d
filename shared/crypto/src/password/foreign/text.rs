//! The texts in a hash: base64 in its dialects, and `name=value` options.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Some writers leave bits of the last character unequal to zero.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Decodes base64 with or without padding, in the alphabets of RFC 4648 §4 and §5 and in passlib's, which has `.` for `+`.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let standard: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '-' | '.' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    LENIENT.decode(standard).ok()
}

/// A decimal number without a sign or leading zeros.
pub fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|_| digits)
}

/// Options as `a=1,b=2`; each is taken once.
pub struct Options<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Options<'a> {
    /// `None` if a name stands twice, or a part is no option.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut options: Vec<(&str, &str)> = Vec::new();
        for part in text.split(',') {
            let (name, value) = part.split_once('=')?;
            if options.iter().any(|(known, _)| *known == name) {
                return None;
            }
            options.push((name, value));
        }
        Some(Self(options))
    }

    fn take(&mut self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    pub fn number(&mut self, name: &str) -> Option<u32> {
        self.take(name).and_then(number)
    }

    pub fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        self.take(name).and_then(decode)
    }

    /// Whether each was taken.
    pub const fn done(&self) -> bool {
        self.0.is_empty()
    }
}
