//! Words that a query has in pieces (`Gri gor y` for Grigory), read as one word where the lists have the whole word.
//!
//! The search for candidates joins two or three tokens at one place of a name. Somebody who wants to avoid a hit cuts every word, and in
//! more pieces. So a name in which several tokens are a listed word, as three or more pieces or at more than one place, is
//! compared once more, with all such runs joined.

use super::lookup::{Buffers, MOST_JOINED_LETTERS, least_loss};
use super::view::View;
use crate::normalise::{MAX_TOKENS, NameForm, Reading, Token, TokenKind, form_of_tokens, sound, vocabulary};

/// A shorter word is no sign that pieces belong together.
const LEAST_LETTERS: usize = 4;
/// A name in pieces has a piece of at most so many letters that is no particle. Without one nothing is looked up, so that ordinary
/// names cost nothing.
const SHORT_PIECE: usize = 3;

/// A run of tokens that together are a listed word.
struct Run {
    from: usize,
    to: usize,
    word: Token,
    /// What the word loses against the listed one.
    loss: i32,
}

/// The name with its runs of pieces joined, so that the fewest tokens are left; `None` if it has neither a run of three tokens nor two
/// runs. Words without vowels and syllables are left apart: without vowels almost any pieces make a word, and the matcher
/// joins syllables itself.
pub fn whole_words(
    view: View<'_>,
    half: usize,
    reading: Reading,
    form: &NameForm,
    buffers: &mut Buffers,
) -> Option<NameForm> {
    let tokens = form.romanised.get(..form.romanised.len().min(2 * MAX_TOKENS))?;
    if tokens.len() < 3 || !form.ideographs.is_empty() || !tokens.iter().any(is_short_piece) {
        return None;
    }
    let mut runs = Vec::new();
    for from in 0..tokens.len() {
        for to in from + 2..=tokens.len() {
            let run = &tokens[from..to];
            if run.iter().map(|token| token.text.len()).sum::<usize>() > MOST_JOINED_LETTERS {
                break;
            }
            let Some(word) = joined(run) else { continue };
            let loss = least_loss(view, half, &word, buffers);
            runs.extend(loss.map(|loss| Run { from, to, word, loss }));
        }
    }
    let (words, joins) = fewest_words(tokens, &runs);
    let in_pieces = joins.iter().any(|run| run.to - run.from > 2) || joins.len() > 1;
    in_pieces.then(|| form_of_tokens(words, reading))
}

/// The tokens with runs joined so that the fewest are left, and these runs; of equally few those that lose least.
fn fewest_words<'r>(tokens: &[Token], runs: &'r [Run]) -> (Vec<Token>, Vec<&'r Run>) {
    // The number of words that the tokens before each place make and what these lose, and the run that ends there.
    let mut fewest: Vec<((usize, i32), Option<&Run>)> = vec![((0, 0), None)];
    for to in 1..=tokens.len() {
        let after = |place: usize, loss: i32| (fewest[place].0.0 + 1, fewest[place].0.1 + loss);
        let ending = runs.iter().filter(|run| run.to == to).map(|run| (after(run.from, run.loss), Some(run)));
        let apart = (after(to - 1, 0), None);
        let best = ending.chain([apart]).min_by_key(|(cost, _)| *cost).unwrap_or(apart);
        fewest.push(best);
    }
    let (mut words, mut joins, mut to) = (Vec::new(), Vec::new(), tokens.len());
    while to > 0 {
        if let Some(run) = fewest[to].1 {
            words.push(run.word.clone());
            joins.push(run);
            to = run.from;
        } else {
            to -= 1;
            words.push(tokens[to].clone());
        }
    }
    words.reverse();
    (words, joins)
}

fn is_short_piece(token: &Token) -> bool {
    token.text.len() <= SHORT_PIECE && !vocabulary::is_particle(&token.text)
}

/// The run as one token, if it may be a word in pieces.
fn joined(run: &[Token]) -> Option<Token> {
    let letters: usize = run.iter().map(|token| token.text.len()).sum();
    let may = letters >= LEAST_LETTERS
        && (run.len() == 2 || run.iter().any(|token| token.text.len() <= SHORT_PIECE))
        && run.iter().all(|token| !token.abjad && token.text.bytes().all(|byte| byte.is_ascii_lowercase()));
    if !may {
        return None;
    }
    let text: String = run.iter().map(|token| token.text.as_str()).collect();
    let canon = sound::canonical(&text);
    Some(Token { text, canon, kind: TokenKind::Name, abjad: false })
}

#[cfg(test)]
mod tests {
    use crate::artifact::Artifact;
    use crate::entity::{Entity, Kind, List, Name};
    use crate::hit::{Options, Query};
    use crate::normalise::{Reading, doubts};

    const LISTED: [&str; 7] = [
        "Sunita Agarwal",
        "Grigory Andreevich Malinov",
        "Alvaro Montenegro",
        "Karim Nabil Zubayri",
        "Catherine Dupont",
        "Грегор Малинов",
        "Νίκος Βασιλείου",
    ];

    struct Lists(Artifact);

    impl Lists {
        fn new() -> Self {
            let entity = |(at, name): (usize, &&str)| Entity {
                id: at.to_string(),
                kind: Kind::Person,
                names: vec![Name::primary(*name)],
                ..Entity::default()
            };
            let entities = LISTED.iter().enumerate().map(entity).collect();
            let list = List { id: "test".into(), version: "1".into(), published_at: None, entities };
            Self(Artifact::load(Artifact::build(&[list])).unwrap())
        }

        fn finds(&self, at: usize, name: &str) -> bool {
            let query = Query { kind: Some(Kind::Person), ..Query::name(name) };
            self.0.screen(&query, &Options::default()).iter().any(|hit| hit.entity_id == at.to_string())
        }

        fn clears(&self, at: usize, name: &str) -> bool {
            !self.finds(at, name) && doubts(name, Reading::Person).is_empty()
        }
    }

    /// The word cut at the places of the bits set in `cuts`.
    fn cut(word: &str, cuts: usize, separator: &str) -> String {
        let mut out = String::new();
        for (at, letter) in word.chars().enumerate() {
            if at > 0 && cuts >> (at - 1) & 1 == 1 {
                out.push_str(separator);
            }
            out.push(letter);
        }
        out
    }

    #[test]
    fn a_listed_name_with_a_word_in_three_or_more_pieces_is_not_cleared() {
        let lists = Lists::new();
        let (mut tried, mut cleared) = (0, Vec::new());
        for (entity, name) in LISTED.iter().enumerate() {
            let words: Vec<&str> = name.split(' ').collect();
            for (at, word) in words.iter().enumerate() {
                for cuts in (0..1_usize << (word.chars().count() - 1)).filter(|cuts| cuts.count_ones() >= 2) {
                    for separator in [" ", "-", "'", "."] {
                        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
                        words[at] = cut(word, cuts, separator);
                        let asked = words.join(" ");
                        tried += 1;
                        if lists.clears(entity, &asked) {
                            cleared.push(asked);
                        }
                    }
                }
            }
        }
        eprintln!("{tried} spellings, {} cleared", cleared.len());
        assert!(cleared.is_empty(), "{} of {tried} cleared: {:#?}", cleared.len(), &cleared[..cleared.len().min(40)]);
    }

    #[test]
    fn a_listed_name_with_all_words_in_pieces_is_not_cleared() {
        let lists = Lists::new();
        // A linear congruential generator: the same spellings in each run.
        let mut state = 7_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize
        };
        let (mut tried, mut cleared) = (0, Vec::new());
        for (entity, name) in LISTED.iter().enumerate() {
            for _ in 0..400 {
                let words = name.split(' ').map(|word| {
                    let places = word.chars().count() - 1;
                    cut(
                        word,
                        random() & random() & ((1 << places) - 1) | 1 << (random() % places),
                        [" ", "-", "'", "."][random() % 4],
                    )
                });
                let asked = words.collect::<Vec<_>>().join(" ");
                tried += 1;
                if lists.clears(entity, &asked) {
                    cleared.push(asked);
                }
            }
        }
        eprintln!("{tried} spellings, {} cleared", cleared.len());
        assert!(cleared.is_empty(), "{} of {tried} cleared: {:#?}", cleared.len(), &cleared[..cleared.len().min(40)]);
    }

    #[test]
    fn reported_spellings_of_listed_names_find_them() {
        let lists = Lists::new();
        for (entity, asked) in
            [(0, "Sunita A g arw al"), (1, "Gri-gor-y And-ree-vic-h Mal-in-ov"), (3, "Karim Nabil Zuba yr i")]
        {
            assert!(lists.finds(entity, asked), "{asked}");
        }
    }
}
