//! Particles and titles that are names where they stand.
//!
//! *An*, *Do*, *Na*, *Le*, *Das* are family names in Korea, Vietnam, China, Burma and India; *Shaikh*, *Prince*, *Sri* are
//! names of people. A particle stands between names or before one; a title stands beside more than one name.

use super::{Token, TokenKind, vocabulary};

/// Marks particles as names where no particle stands: alone before the comma, last, before two others that are no particles,
/// and in a name of single syllables. `family` is how many tokens stand before the comma.
pub fn settle_particles(tokens: &mut [Token], family: Option<usize>) {
    let count = tokens.len();
    if count < 2 || !tokens.iter().any(|token| token.kind == TokenKind::Particle) {
        return;
    }
    let others_are_syllables = |at: usize| tokens.iter().enumerate().all(|(i, t)| i == at || is_syllable(&t.text));
    let is_name = |at: usize| {
        let token = &tokens[at];
        if token.kind != TokenKind::Particle || !vocabulary::is_particle_and_name(&token.text) {
            return false;
        }
        let last = at + 1 == count;
        let between = at > 0 && !last;
        match family {
            Some(1) if at == 0 => true,
            Some(end) if at + 1 == end && end > 1 => true,
            // "BERG, Jan van": behind the given name a particle waits for the family name.
            _ if others_are_syllables(at) => !between || !vocabulary::is_middle_particle(&token.text),
            Some(_) => false,
            None => last || (at == 0 && count > 2 && tokens[1..].iter().take(2).all(|t| t.kind != TokenKind::Particle)),
        }
    };
    let names: Vec<usize> = (0..count).filter(|at| is_name(*at)).collect();
    for at in names {
        tokens[at].kind = TokenKind::Name;
    }
}

/// A title beside a single name is read as a name, except for titles that are never names.
pub fn settle_titles(tokens: &mut [Token]) {
    let names = tokens.iter().filter(|t| t.kind.is_distinctive()).count();
    let mut titles = tokens.iter_mut().filter(|t| t.kind == TokenKind::Title);
    if names == 1
        && let (Some(title), None) = (titles.next(), titles.next())
        && vocabulary::is_title_and_name(&title.text)
    {
        title.kind = TokenKind::CommonName;
    }
}

/// A syllable of an East Asian name in Latin letters: consonants, vowels, one final sound.
pub fn is_syllable(text: &str) -> bool {
    const LONGEST: usize = 6;
    const FINALS: [&str; 14] = ["", "n", "ng", "m", "p", "t", "k", "c", "ch", "nh", "l", "r", "h", "w"];
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let rest = text.trim_start_matches(|c: char| !vowel(c));
    let end = rest.trim_start_matches(vowel);
    text.len() <= LONGEST && text.len() - rest.len() <= 3 && !rest.is_empty() && FINALS.contains(&end)
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, form};
    use super::*;

    fn kinds(name: &str) -> String {
        let letter = |kind| match kind {
            TokenKind::Particle => 'p',
            TokenKind::Title => 't',
            kind if TokenKind::is_distinctive(kind) => 'n',
            _ => '?',
        };
        form(name, Reading::Person).tokens.iter().map(|token| letter(token.kind)).collect()
    }

    #[test]
    fn a_particle_stands_between_names_or_before_one() {
        for (name, expected) in [
            ("An Myong Hun", "nnn"),
            ("AN, Myong Hun", "nnn"),
            ("Kim Na Ri", "nnn"),
            ("Le Duan", "nn"),
            ("Mayawati Das", "nn"),
            ("DAS, Mayawati", "nn"),
            ("Nguyen Van Thanh", "npn"),
            ("DA SILVA, Maria", "pnn"),
            ("Maria da Silva", "npn"),
            ("De la Cruz Juan", "ppnn"),
            ("BERG, Jan van der", "nnpp"),
            ("ZAWAHIRI, Ayman al", "nnp"),
            ("al Zarqawi", "pn"),
            ("Osama bin Laden", "npn"),
        ] {
            assert_eq!(kinds(name), expected, "{name}");
        }
    }

    #[test]
    fn a_title_beside_one_name_is_a_name() {
        for (name, expected) in [
            ("Mohammed Shaikh", "nn"),
            ("Sri Hartati", "nn"),
            ("Dr Hartati", "tn"),
            ("Sheikh Mohammed Omar", "tnn"),
            ("Mr Omar", "tn"),
        ] {
            assert_eq!(kinds(name), expected, "{name}");
        }
    }
}
