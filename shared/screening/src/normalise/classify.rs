//! What each token of a name is, and how much of the name it carries.

use super::{Reading, Token, TokenKind, company, numbers, positions, vocabulary};

/// Gives each token its kind. If nothing but titles, forms or fillers is left, they are the name (`Haji Mullah`, `The
/// Company`), and are treated as names.
pub fn classify(tokens: &[Token], family: Option<usize>, reading: Reading) -> Vec<Token> {
    let mut tokens = match reading {
        Reading::Person => {
            let mut tokens = persons(tokens);
            positions::settle_particles(&mut tokens, family);
            positions::settle_titles(&mut tokens);
            tokens
        }
        Reading::Organisation => organisations(tokens),
    };
    if !tokens.is_empty() && tokens.iter().all(|t| t.kind.is_filler()) {
        for token in &mut tokens {
            token.kind = TokenKind::Name;
        }
    }
    tokens
}

fn persons(tokens: &[Token]) -> Vec<Token> {
    let mut tokens = numbers::generations(tokens.to_vec());
    // A company form behind a person's name is a trick or a data fault; only forms that are no one's name count.
    tokens = company::mark_forms(&tokens, true);
    for token in &mut tokens {
        if matches!(token.kind, TokenKind::Legal | TokenKind::Number) {
            continue;
        }
        let text = token.text.as_str();
        token.kind = if token.abjad {
            vocabulary::unvowelled_kind(text)
        } else if text.len() == 1 && text.as_bytes()[0].is_ascii_alphabetic() {
            TokenKind::Initial
        } else if vocabulary::is_title(text) {
            TokenKind::Title
        } else if vocabulary::is_particle(text) {
            TokenKind::Particle
        } else if is_patronymic(text) {
            TokenKind::Patronymic
        } else if text.bytes().all(|b| b.is_ascii_digit()) {
            TokenKind::Number
        } else if vocabulary::is_common_name(text, &token.canon) {
            TokenKind::CommonName
        } else {
            TokenKind::Name
        };
    }
    for i in 1..tokens.len() {
        let article = matches!(tokens[i - 1].text.as_str(), "al" | "el" | "ash" | "as");
        if article && tokens[i].kind == TokenKind::Title && vocabulary::is_family_behind_article(&tokens[i].text) {
            tokens[i].kind = TokenKind::CommonName;
        }
    }
    tokens
}

/// East Slavic patronymics by their endings (`-ovich`, `-evna` …), long enough not to be South Slavic surnames.
fn is_patronymic(text: &str) -> bool {
    const ENDINGS: [&str; 12] =
        ["ovich", "evich", "ovych", "evych", "yovych", "ovna", "evna", "ivna", "yivna", "ichna", "ovitch", "evitch"];
    text.len() >= 7 && ENDINGS.iter().any(|e| text.ends_with(e))
}

fn organisations(tokens: &[Token]) -> Vec<Token> {
    let tokens = company::mark_forms(tokens, false);
    let mut tokens = numbers::to_digits(tokens);
    for token in &mut tokens {
        // Without vowels a name may look like any word.
        if token.kind != TokenKind::Name || token.abjad {
            continue;
        }
        let text = token.text.as_str();
        token.kind = if vocabulary::is_light(text) {
            TokenKind::Light
        } else if vocabulary::is_place(text) {
            TokenKind::Place
        } else if vocabulary::is_generic(text) {
            TokenKind::Generic
        } else {
            TokenKind::Name
        };
    }
    tokens
}

/// The letters an acronym of this name would have: the first of each token that is neither form nor filler.
pub fn initials(tokens: &[Token]) -> String {
    tokens.iter().filter(|t| !t.kind.is_filler()).filter_map(|t| t.text.chars().next()).collect()
}

/// The letters of an acronym that counts the company, too: `SMIC`, `ADNOC`.
pub fn full_initials<'a>(tokens: impl Iterator<Item = (&'a str, TokenKind)>) -> String {
    let counts = |text: &str, kind: TokenKind| match kind {
        TokenKind::Legal => {
            ["co", "corp", "company", "corporation"].contains(&text.split(' ').next().unwrap_or_default())
        }
        kind => !kind.is_filler(),
    };
    tokens.filter(|(text, kind)| counts(text, *kind)).filter_map(|(text, _)| text.chars().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::*;

    #[test]
    fn a_name_of_titles_alone_is_still_a_name() {
        assert!(form("Haji Mullah", Reading::Person).tokens.iter().all(|t| t.kind == TokenKind::Name));
        assert!(!form("The Company", Reading::Organisation).is_empty());
    }

    #[test]
    fn patronymics() {
        assert!(is_patronymic("sergeevich") && is_patronymic("ivanovna"));
        assert!(!is_patronymic("jovic") && !is_patronymic("ovich"));
    }
}
