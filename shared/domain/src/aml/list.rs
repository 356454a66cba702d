//! What is known of a published list, and what a look at its source changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{time::Timestamp, words::words};

words! {
    /// Why what a source gave was refused; the last good list stays in force.
    pub enum Refusal {
        /// No answer, or none in time.
        Unreachable = "unreachable",
        /// An answer, but not the file: an error, or a redirect to where it may not lead.
        BadAnswer = "bad_answer",
        /// Nothing was uploaded under that name.
        Missing = "missing",
        TooLarge = "too_large",
        Empty = "empty",
        /// A web page, or a file of another format.
        WrongFormat = "wrong_format",
        /// A record that is not what the format says.
        Broken = "broken",
        /// It ends in the middle.
        Truncated = "truncated",
        /// Its files do not belong together.
        Inconsistent = "inconsistent",
        /// More than a fifth of its entries is gone.
        Shrunken = "shrunken",
    }
}

/// What is known of one list: the last good content, and how the source was found since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListState {
    pub id: String,
    /// The aggregate's version: its events stand at it.
    pub version: u64,
    /// When the look began that this is the outcome of: a later look always wins.
    pub looked_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// When the source last said that this is still its list; of an upload, when it was uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// Of the content's files, in their order.
    #[serde(default)]
    pub validators: Vec<Validator>,
    /// The standing refusal, if the last look was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

/// A list that was read and found good; its files stand in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The publisher's version or date, or a hash.
    pub version: String,
    /// Hex, of how the files are read and of their hashes.
    pub sha256: String,
    /// Hex, of how the files are read.
    pub reading: String,
    pub files: Vec<StoredFile>,
    pub entries: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    pub loaded_at: Timestamp,
}

/// A file of a list as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// In the lists' bucket.
    pub key: String,
    /// Hex.
    pub sha256: String,
}

/// By what a source knows that we have its file already (RFC 9110 §8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    /// Where the file came from: elsewhere it means nothing.
    pub place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub code: Refusal,
    /// Since when.
    pub at: Timestamp,
    /// Of what was refused, so that the same thing is told once.
    pub what: String,
}

/// What a look at the source found.
#[derive(Debug, Clone)]
pub struct Look {
    pub began_at: Timestamp,
    pub found: Found,
}

#[derive(Debug, Clone)]
pub enum Found {
    /// The source says that nothing changed since the content with this hash.
    Unchanged {
        sha256: String,
        confirmed_at: Timestamp,
    },
    /// A good list. `believed` is false if it has shrunk too much and nobody vouched for it.
    List {
        content: Content,
        validators: Vec<Validator>,
        confirmed_at: Timestamp,
        believed: bool,
    },
    Refused {
        code: Refusal,
        what: String,
    },
}

/// What becomes of a list's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it is known already, or a later look has decided.
    None,
    /// The content is confirmed; no event, since nothing happened.
    Confirmed(ListState),
    Loaded(ListState),
    Refused(ListState),
}

impl ListState {
    /// What a look changes. `None` is a list that was never looked at.
    pub fn after(before: Option<&Self>, id: &str, look: &Look) -> Change {
        if before.is_some_and(|before| before.looked_at >= look.began_at) {
            return Change::None;
        }
        let next = Self {
            id: id.to_owned(),
            version: before.map_or(0, |before| before.version) + 1,
            looked_at: look.began_at,
            content: before.and_then(|before| before.content.clone()),
            confirmed_at: before.and_then(|before| before.confirmed_at),
            validators: before.map(|before| before.validators.clone()).unwrap_or_default(),
            refused: None,
        };
        let held = next.content.as_ref().map(|content| content.sha256.as_str());
        match &look.found {
            Found::Unchanged { sha256, .. } if held != Some(sha256) => Change::None,
            Found::Unchanged { confirmed_at, .. } => {
                confirmed(before, Self { confirmed_at: Some(*confirmed_at), ..next })
            }
            Found::List { content, validators, confirmed_at, .. } if held == Some(&content.sha256) => {
                confirmed(before, Self { confirmed_at: Some(*confirmed_at), validators: validators.clone(), ..next })
            }
            Found::List { content, believed: false, .. } => refused(before, next, Refusal::Shrunken, &content.sha256),
            Found::List { content, validators, confirmed_at, .. } => Change::Loaded(Self {
                content: Some(content.clone()),
                validators: validators.clone(),
                confirmed_at: Some(*confirmed_at),
                ..next
            }),
            Found::Refused { code, what } => refused(before, next, *code, what),
        }
    }

    /// As it is after somebody asked for a refresh.
    pub fn requested(before: Option<&Self>, id: &str) -> Self {
        let mut next = before.cloned().unwrap_or_else(|| Self {
            id: id.to_owned(),
            version: 0,
            looked_at: Timestamp::from_unix_millis(0),
            content: None,
            confirmed_at: None,
            validators: Vec::new(),
            refused: None,
        });
        next.version += 1;
        next
    }
}

/// An upload that stays as it is confirms nothing anew, and is not worth a write.
fn confirmed(before: Option<&ListState>, next: ListState) -> Change {
    let same = before.is_some_and(|before| {
        before.confirmed_at == next.confirmed_at && before.validators == next.validators && before.refused.is_none()
    });
    if same { Change::None } else { Change::Confirmed(next) }
}

fn refused(before: Option<&ListState>, next: ListState, code: Refusal, what: &str) -> Change {
    let standing = before.and_then(|before| before.refused.as_ref());
    if standing.is_some_and(|standing| standing.code == code && standing.what == what) {
        return Change::None;
    }
    let refused = Refused { code, at: next.looked_at, what: what.to_owned() };
    Change::Refused(ListState { refused: Some(refused), ..next })
}

/// The lists in force: what they were compiled to, and from what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The aggregate's version.
    pub version: u64,
    /// Key of the artifact in the lists' bucket.
    pub artifact: String,
    /// Hex.
    pub sha256: String,
    /// Of the artifact's format and of the engine that compiled it.
    pub format: u32,
    pub engine: String,
    pub published_at: Timestamp,
    pub lists: BTreeMap<String, Compiled>,
}

/// One list as it was compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiled {
    /// The content's.
    pub sha256: String,
    pub version: String,
    pub entries: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    pub loaded_at: Timestamp,
    /// As known when it was compiled.
    pub confirmed_at: Timestamp,
}

impl Compiled {
    pub fn of(content: &Content, confirmed_at: Timestamp) -> Self {
        Self {
            sha256: content.sha256.clone(),
            version: content.version.clone(),
            entries: content.entries,
            published_at: content.published_at.clone(),
            loaded_at: content.loaded_at,
            confirmed_at,
        }
    }

    /// When the source last stood by it: what its list's state says only while that is the same content.
    pub fn confirmed_at(&self, state: Option<&ListState>) -> Timestamp {
        let same = state.filter(|state| state.content.as_ref().is_some_and(|held| held.sha256 == self.sha256));
        same.and_then(|state| state.confirmed_at).unwrap_or(self.confirmed_at).max(self.confirmed_at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(second)
    }

    fn content(sha256: &str, entries: usize) -> Content {
        Content {
            version: sha256.to_uppercase(),
            sha256: sha256.to_owned(),
            reading: String::new(),
            files: vec![],
            entries,
            published_at: None,
            loaded_at: at(1),
        }
    }

    fn list(sha256: &str, second: i64, believed: bool) -> Look {
        let found =
            Found::List { content: content(sha256, 10), validators: vec![], confirmed_at: at(second), believed };
        Look { began_at: at(second), found }
    }

    fn unchanged(sha256: &str, second: i64) -> Look {
        Look { began_at: at(second), found: Found::Unchanged { sha256: sha256.to_owned(), confirmed_at: at(second) } }
    }

    fn refusal(code: Refusal, what: &str, second: i64) -> Look {
        Look { began_at: at(second), found: Found::Refused { code, what: what.to_owned() } }
    }

    fn state(change: Change) -> ListState {
        match change {
            Change::Confirmed(state) | Change::Loaded(state) | Change::Refused(state) => state,
            Change::None => panic!("nothing changed"),
        }
    }

    #[test]
    fn a_first_good_list_is_loaded_and_the_same_one_only_confirmed() {
        let first = ListState::after(None, "un", &list("a", 10, true));
        assert!(matches!(first, Change::Loaded(_)));
        let first = state(first);
        assert_eq!((first.version, first.confirmed_at), (1, Some(at(10))));

        for look in [list("a", 20, true), unchanged("a", 20)] {
            let next = ListState::after(Some(&first), "un", &look);
            assert!(matches!(next, Change::Confirmed(_)));
            let next = state(next);
            assert_eq!((next.confirmed_at, &next.content), (Some(at(20)), &first.content));
        }
    }

    #[test]
    fn a_refusal_keeps_the_last_good_list_and_is_told_once() {
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        let refused = ListState::after(Some(&good), "un", &refusal(Refusal::Broken, "x", 20));
        assert!(matches!(refused, Change::Refused(_)));
        let refused = state(refused);
        assert_eq!((&refused.content, refused.confirmed_at), (&good.content, Some(at(10))));
        assert_eq!(refused.refused.as_ref().map(|refused| refused.at), Some(at(20)));

        assert_eq!(ListState::after(Some(&refused), "un", &refusal(Refusal::Broken, "x", 30)), Change::None);
        for other in [refusal(Refusal::Broken, "y", 30), refusal(Refusal::Empty, "x", 30)] {
            assert!(matches!(ListState::after(Some(&refused), "un", &other), Change::Refused(_)));
        }
        // The source is well again.
        let well = state(ListState::after(Some(&refused), "un", &unchanged("a", 40)));
        assert_eq!((well.refused, well.confirmed_at), (None, Some(at(40))));
    }

    #[test]
    fn a_shrunken_list_is_refused_unless_somebody_vouches_for_it() {
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        let refused = state(ListState::after(Some(&good), "un", &list("b", 20, false)));
        assert_eq!(refused.refused.as_ref().map(|refused| refused.code), Some(Refusal::Shrunken));
        assert!(matches!(ListState::after(Some(&refused), "un", &list("b", 30, true)), Change::Loaded(_)));
    }

    #[test]
    fn a_later_look_wins_over_an_earlier_one_that_took_longer() {
        let later = state(ListState::after(None, "un", &list("b", 20, true)));
        for look in [list("a", 10, true), list("a", 20, true), refusal(Refusal::Broken, "x", 10)] {
            assert_eq!(ListState::after(Some(&later), "un", &look), Change::None);
        }
        // What did not change since another content confirms nothing.
        assert_eq!(ListState::after(Some(&later), "un", &unchanged("a", 30)), Change::None);
    }

    #[test]
    fn an_upload_that_stays_as_it_is_is_no_write() {
        let upload = |second| Look {
            began_at: at(second),
            found: Found::Unchanged { sha256: "a".into(), confirmed_at: at(10) },
        };
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        assert_eq!(ListState::after(Some(&good), "un", &upload(20)), Change::None);
        let asked = ListState::requested(Some(&good), "un");
        assert_eq!((asked.version, &asked.content), (good.version + 1, &good.content));
        assert_eq!(ListState::after(Some(&asked), "un", &upload(20)), Change::None);
    }

    #[test]
    fn what_is_in_force_ages_while_newer_content_waits_to_be_compiled() {
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        let compiled = Compiled::of(good.content.as_ref().unwrap(), at(10));
        let confirmed = state(ListState::after(Some(&good), "un", &unchanged("a", 50)));
        assert_eq!(compiled.confirmed_at(Some(&confirmed)), at(50));
        let newer = state(ListState::after(Some(&confirmed), "un", &list("b", 90, true)));
        assert_eq!(compiled.confirmed_at(Some(&newer)), at(10));
        assert_eq!(at(100).since(compiled.confirmed_at(None)), Duration::from_secs(90));
    }
}
