//! The state of a published list, and how a fetch from its source changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{time::Timestamp, words::words};

words! {
    /// Why a fetched list was refused; the last good list stays in force.
    pub enum ListRefusal {
        /// The source did not answer in time.
        Unreachable = "unreachable",
        /// The source answered with an error, or with a redirect that is not allowed.
        BadAnswer = "bad_answer",
        /// Nothing was uploaded under that name.
        Missing = "missing",
        TooLarge = "too_large",
        Empty = "empty",
        /// A web page, or a file of another format.
        WrongFormat = "wrong_format",
        /// A record that is not what the format says.
        Broken = "broken",
        /// The file ends too early.
        Truncated = "truncated",
        /// Its files are of different versions.
        Inconsistent = "inconsistent",
        /// It lost more than a fifth of its entries, names, dates, countries, numbers, or of the records of a file.
        Shrunken = "shrunken",
    }
}

/// The state of one list: the last good content, and the result of the last fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListState {
    pub id: String,
    /// The aggregate's version: its events stand at it.
    pub version: u64,
    /// When the fetch began whose result this is. Of two fetches the one that began later wins, even if it ends first.
    pub fetch_began_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ListContent>,
    /// When the source last confirmed the content; for an upload, the time of the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// Of the content's files, in their order.
    #[serde(default)]
    pub validators: Vec<FileValidator>,
    /// Set if the last fetch was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedList>,
}

/// A list that was read without faults; its files are in the bucket of lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListContent {
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

/// Validators of a fetched file (RFC 9110 §8.8): with them a source can answer that it did not change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileValidator {
    /// Where the file came from; the validators are valid for that place only.
    pub place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedList {
    pub code: ListRefusal,
    /// Since when.
    pub at: Timestamp,
    /// Identifies the refused content, so that the same refusal records one event.
    pub what: String,
    /// Of a list that lost too much: each figure that fell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<String>,
}

/// One fetch from a source, and its result.
#[derive(Debug, Clone)]
pub struct ListFetch {
    pub began_at: Timestamp,
    pub found: FetchOutcome,
}

#[derive(Debug, Clone)]
pub enum FetchOutcome {
    /// The source says that nothing changed since the content with this hash.
    Unchanged {
        sha256: String,
        confirmed_at: Timestamp,
    },
    /// A list without faults. `losses` names each figure that fell too much since the version before, unless somebody accepted that.
    List {
        content: ListContent,
        validators: Vec<FileValidator>,
        confirmed_at: Timestamp,
        losses: Vec<String>,
    },
    Refused {
        code: ListRefusal,
        what: String,
    },
}

/// How a fetch changes the state of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListChange {
    /// Not at all: the result is known, or a later fetch was stored before.
    None,
    /// The content is confirmed; this records no event.
    Confirmed(ListState),
    Loaded(ListState),
    Refused(ListState),
}

impl ListState {
    /// The change that a fetch makes. `before` is `None` for a list that was never fetched.
    pub fn after(before: Option<&Self>, id: &str, look: &ListFetch) -> ListChange {
        if before.is_some_and(|before| before.fetch_began_at >= look.began_at) {
            return ListChange::None;
        }
        let next = Self {
            id: id.to_owned(),
            version: before.map_or(0, |before| before.version) + 1,
            fetch_began_at: look.began_at,
            content: before.and_then(|before| before.content.clone()),
            confirmed_at: before.and_then(|before| before.confirmed_at),
            validators: before.map(|before| before.validators.clone()).unwrap_or_default(),
            refused: None,
        };
        let held = next.content.as_ref().map(|content| content.sha256.as_str());
        match &look.found {
            FetchOutcome::Unchanged { sha256, .. } if held != Some(sha256) => ListChange::None,
            FetchOutcome::Unchanged { confirmed_at, .. } => {
                confirmed(before, Self { confirmed_at: Some(*confirmed_at), ..next })
            }
            FetchOutcome::List { content, validators, confirmed_at, .. } if held == Some(&content.sha256) => {
                confirmed(before, Self { confirmed_at: Some(*confirmed_at), validators: validators.clone(), ..next })
            }
            FetchOutcome::List { content, losses, .. } if !losses.is_empty() => {
                refused(before, next, ListRefusal::Shrunken, &content.sha256, losses)
            }
            FetchOutcome::List { content, validators, confirmed_at, .. } => ListChange::Loaded(Self {
                content: Some(content.clone()),
                validators: validators.clone(),
                confirmed_at: Some(*confirmed_at),
                ..next
            }),
            FetchOutcome::Refused { code, what } => refused(before, next, *code, what, &[]),
        }
    }

    /// The state after a refresh was requested.
    pub fn requested(before: Option<&Self>, id: &str) -> Self {
        let mut next = before.cloned().unwrap_or_else(|| Self {
            id: id.to_owned(),
            version: 0,
            fetch_began_at: Timestamp::from_unix_millis(0),
            content: None,
            confirmed_at: None,
            validators: Vec::new(),
            refused: None,
        });
        next.version += 1;
        next
    }
}

/// An unchanged upload confirms nothing, so it causes no write.
fn confirmed(before: Option<&ListState>, next: ListState) -> ListChange {
    let same = before.is_some_and(|before| {
        before.confirmed_at == next.confirmed_at && before.validators == next.validators && before.refused.is_none()
    });
    if same { ListChange::None } else { ListChange::Confirmed(next) }
}

fn refused(
    before: Option<&ListState>,
    next: ListState,
    code: ListRefusal,
    what: &str,
    losses: &[String],
) -> ListChange {
    let standing = before.and_then(|before| before.refused.as_ref());
    if standing.is_some_and(|standing| standing.code == code && standing.what == what) {
        return ListChange::None;
    }
    let refused = RefusedList { code, at: next.fetch_began_at, what: what.to_owned(), losses: losses.to_vec() };
    ListChange::Refused(ListState { refused: Some(refused), ..next })
}

/// The lists in force: the compiled artifact, and the list versions in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListsPointer {
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
    pub lists: BTreeMap<String, CompiledList>,
}

/// One list as it was compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompiledList {
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

impl CompiledList {
    pub fn of(content: &ListContent, confirmed_at: Timestamp) -> Self {
        Self {
            sha256: content.sha256.clone(),
            version: content.version.clone(),
            entries: content.entries,
            published_at: content.published_at.clone(),
            loaded_at: content.loaded_at,
            confirmed_at,
        }
    }

    /// When the source last confirmed it. The list's state counts only while it has the same content.
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

    fn content(sha256: &str, entries: usize) -> ListContent {
        ListContent {
            version: sha256.to_uppercase(),
            sha256: sha256.to_owned(),
            reading: String::new(),
            files: vec![],
            entries,
            published_at: None,
            loaded_at: at(1),
        }
    }

    fn list(sha256: &str, second: i64, is_accepted: bool) -> ListFetch {
        let losses = if is_accepted { vec![] } else { vec!["3 names where there were 9".to_owned()] };
        let found =
            FetchOutcome::List { content: content(sha256, 10), validators: vec![], confirmed_at: at(second), losses };
        ListFetch { began_at: at(second), found }
    }

    fn unchanged(sha256: &str, second: i64) -> ListFetch {
        ListFetch {
            began_at: at(second),
            found: FetchOutcome::Unchanged { sha256: sha256.to_owned(), confirmed_at: at(second) },
        }
    }

    fn refusal(code: ListRefusal, what: &str, second: i64) -> ListFetch {
        ListFetch { began_at: at(second), found: FetchOutcome::Refused { code, what: what.to_owned() } }
    }

    fn state(change: ListChange) -> ListState {
        match change {
            ListChange::Confirmed(state) | ListChange::Loaded(state) | ListChange::Refused(state) => state,
            ListChange::None => panic!("nothing changed"),
        }
    }

    #[test]
    fn a_new_list_is_loaded_and_the_same_list_is_confirmed() {
        let first = ListState::after(None, "un", &list("a", 10, true));
        assert!(matches!(first, ListChange::Loaded(_)));
        let first = state(first);
        assert_eq!((first.version, first.confirmed_at), (1, Some(at(10))));

        for look in [list("a", 20, true), unchanged("a", 20)] {
            let next = ListState::after(Some(&first), "un", &look);
            assert!(matches!(next, ListChange::Confirmed(_)));
            let next = state(next);
            assert_eq!((next.confirmed_at, &next.content), (Some(at(20)), &first.content));
        }
    }

    #[test]
    fn a_refusal_keeps_the_last_good_list_and_is_recorded_once() {
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        let refused = ListState::after(Some(&good), "un", &refusal(ListRefusal::Broken, "x", 20));
        assert!(matches!(refused, ListChange::Refused(_)));
        let refused = state(refused);
        assert_eq!((&refused.content, refused.confirmed_at), (&good.content, Some(at(10))));
        assert_eq!(refused.refused.as_ref().map(|refused| refused.at), Some(at(20)));

        assert_eq!(ListState::after(Some(&refused), "un", &refusal(ListRefusal::Broken, "x", 30)), ListChange::None);
        for other in [refusal(ListRefusal::Broken, "y", 30), refusal(ListRefusal::Empty, "x", 30)] {
            assert!(matches!(ListState::after(Some(&refused), "un", &other), ListChange::Refused(_)));
        }
        // The source works again.
        let well = state(ListState::after(Some(&refused), "un", &unchanged("a", 40)));
        assert_eq!((well.refused, well.confirmed_at), (None, Some(at(40))));
    }

    #[test]
    fn a_shrunken_list_is_refused_unless_shrinking_was_accepted() {
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        let refused = state(ListState::after(Some(&good), "un", &list("b", 20, false)));
        let reason = refused.refused.as_ref().unwrap();
        assert_eq!((reason.code, reason.losses.len()), (ListRefusal::Shrunken, 1));
        assert!(matches!(ListState::after(Some(&refused), "un", &list("b", 30, true)), ListChange::Loaded(_)));
    }

    #[test]
    fn the_fetch_that_began_later_wins_over_one_that_took_longer() {
        let later = state(ListState::after(None, "un", &list("b", 20, true)));
        for look in [list("a", 10, true), list("a", 20, true), refusal(ListRefusal::Broken, "x", 10)] {
            assert_eq!(ListState::after(Some(&later), "un", &look), ListChange::None);
        }
        // What did not change since another content confirms nothing.
        assert_eq!(ListState::after(Some(&later), "un", &unchanged("a", 30)), ListChange::None);
    }

    #[test]
    fn an_unchanged_upload_causes_no_write() {
        let upload = |second| ListFetch {
            began_at: at(second),
            found: FetchOutcome::Unchanged { sha256: "a".into(), confirmed_at: at(10) },
        };
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        assert_eq!(ListState::after(Some(&good), "un", &upload(20)), ListChange::None);
        let asked = ListState::requested(Some(&good), "un");
        assert_eq!((asked.version, &asked.content), (good.version + 1, &good.content));
        assert_eq!(ListState::after(Some(&asked), "un", &upload(20)), ListChange::None);
    }

    #[test]
    fn a_list_in_force_ages_while_newer_content_is_not_compiled() {
        let good = state(ListState::after(None, "un", &list("a", 10, true)));
        let compiled = CompiledList::of(good.content.as_ref().unwrap(), at(10));
        let confirmed = state(ListState::after(Some(&good), "un", &unchanged("a", 50)));
        assert_eq!(compiled.confirmed_at(Some(&confirmed)), at(50));
        let newer = state(ListState::after(Some(&confirmed), "un", &list("b", 90, true)));
        assert_eq!(compiled.confirmed_at(Some(&newer)), at(10));
        assert_eq!(at(100).since(compiled.confirmed_at(None)), Duration::from_secs(90));
    }
}
