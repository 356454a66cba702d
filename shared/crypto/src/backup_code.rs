//! Backup codes: 50 random bits in ten letters and digits, shown once. Their digest is keyed, so a short code is safe in the table.

use super::random;
use verinym_domain::secret::SecretText;

/// Crockford's base 32: without I, L, O and U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LEN: usize = 10;

/// A new code, in two groups: `7K3QX-9M2AB`.
pub fn generate() -> SecretText {
    let letters = random::bytes::<LEN>().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let (one, other) = letters.split_at(LEN / 2);
    SecretText::new(one.iter().chain(&['-']).chain(other).collect())
}

/// A code as typed, in the form its digest is made of: without separators, in capitals, with letters that look like digits read as
/// those. `None` for what cannot be a code.
pub fn normalise(typed: &str) -> Option<SecretText> {
    let letters = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    let code: String = letters.take(LEN + 1).collect();
    let valid = code.len() == LEN && code.bytes().all(|byte| LETTERS.contains(&byte));
    valid.then(|| SecretText::new(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_again_however_it_is_typed() {
        let code = generate();
        let code = code.expose();
        let plain = normalise(code).unwrap().expose().clone();
        for typed in [code.to_lowercase(), code.replace('-', ""), code.replace('-', " "), format!(" {code} ")] {
            assert_eq!(normalise(&typed).unwrap().expose(), &plain);
        }
        assert_eq!(normalise("oil00-00000").unwrap().expose(), "0110000000");
        for typed in ["", "12345", "12345-6789", "12345-678901", "12345-6789U", "12345-6789É", &"1".repeat(10_000)] {
            assert!(normalise(typed).is_none(), "{}", typed.len());
        }
    }

    #[test]
    fn codes_differ() {
        let codes: std::collections::BTreeSet<_> = (0..1000).map(|_| generate().expose().clone()).collect();
        assert_eq!(codes.len(), 1000);
    }
}
