//! A look at a list's source: fetched if it changed, read whole, and either loaded or refused.

use sha2::{Digest, Sha256};

use super::{
    Watchlists,
    fetch::{Fetcher, File, Limits},
    files::{Upload, hash},
    source::{ListSource, Place},
};
use crate::{
    domain::{
        aml::list::{Change, Content, Found, ListState, Look, Refusal, Validator},
        event::{Actor, EventType},
        time::Timestamp,
    },
    error::{Internal, Result},
    screening::{List, ReadError, check_shrink, readers},
    store::{commit::Tries, list::list_event},
};

/// What the places of a list gave.
enum Gathered {
    Unchanged { confirmed_at: Timestamp },
    Files { files: Vec<Vec<u8>>, validators: Vec<Validator>, confirmed_at: Timestamp },
    Refused(Refusal),
}

/// What one place gave.
enum Part {
    Unchanged { confirmed_at: Timestamp },
    File { bytes: Vec<u8>, validator: Validator, confirmed_at: Timestamp },
}

impl Watchlists<'_> {
    /// Looks at a list's source and keeps what is good. `vouched`: somebody says that it may have shrunk. What is not
    /// configured is left alone.
    pub async fn refresh(&self, id: &str, vouched: bool, correlation_id: &str, deadline: Timestamp) -> Result<()> {
        let sources = self.sources().await?;
        let Some(source) = sources.iter().find(|source| source.id == id) else {
            tracing::warn!(list = id, "a list that is not configured was asked for");
            return Ok(());
        };
        let store = self.store;
        let began_at = Timestamp::now();
        let known = store.list(id).await?;
        let (mut look, files) = self.look(source, known.as_ref(), began_at, deadline).await?;
        let mut stored = None;
        let mut tries = Tries::new();
        loop {
            let before = store.list(id).await?;
            if let Found::List { content, believed, .. } = &mut look.found {
                let entries = before.as_ref().and_then(|before| before.content.as_ref()).map(|held| held.entries);
                *believed = vouched || check_shrink(entries, content.entries).is_ok();
            }
            let (mut after, kind) = match ListState::after(before.as_ref(), id, &look) {
                Change::None => return Ok(()),
                Change::Confirmed(after) => (after, None),
                Change::Loaded(after) => (after, Some(EventType::ListLoaded)),
                Change::Refused(after) => (after, Some(EventType::ListRefused)),
            };
            if let (Some(EventType::ListLoaded), Some(content)) = (kind, after.content.as_mut()) {
                if stored.is_none() {
                    stored = Some(self.store_files(id, began_at, &content.sha256, &files).await?);
                }
                content.files = stored.clone().unwrap_or_default();
            }
            let now = Timestamp::now();
            let mut commit = store.commit(now, correlation_id).list_changes(before.as_ref(), &after);
            if let Some(kind) = kind {
                commit = commit.event(told(kind, &after, vouched));
            }
            match commit.run().await {
                Ok(()) => return self.noted(&after, kind, now).await,
                Err(error) => tries.again(error).await?,
            }
        }
    }

    /// What is done once it is committed: the log, and the files that nobody needs any more.
    async fn noted(&self, state: &ListState, kind: Option<EventType>, now: Timestamp) -> Result<()> {
        match (kind, &state.content, &state.refused) {
            (Some(EventType::ListLoaded), Some(content), _) => {
                tracing::info!(list = state.id, version = content.version, entries = content.entries, "list loaded");
                if let Err(error) = self.tidy_files(&state.id, &content.files, now).await {
                    tracing::warn!(list = state.id, %error, "old files were not removed");
                }
            }
            (_, _, Some(refused)) => tracing::warn!(list = state.id, code = refused.code.as_str(), "list refused"),
            _ => {}
        }
        Ok(())
    }

    async fn look(
        &self,
        source: &ListSource,
        known: Option<&ListState>,
        began_at: Timestamp,
        deadline: Timestamp,
    ) -> Result<(Look, Vec<Vec<u8>>)> {
        let held = known.and_then(|known| comparable(known, source));
        let validators = held.and(known).map(|known| known.validators.as_slice()).unwrap_or_default();
        let (found, files) = match (self.gather(source, validators, began_at, deadline).await?, held) {
            (Gathered::Unchanged { confirmed_at }, Some(held)) => {
                (Found::Unchanged { sha256: held.sha256.clone(), confirmed_at }, Vec::new())
            }
            (Gathered::Unchanged { .. }, None) => return Err(Internal::bug("unchanged since nothing").into()),
            (Gathered::Refused(code), _) => (Found::Refused { code, what: code.to_string() }, Vec::new()),
            (Gathered::Files { files, validators, confirmed_at }, _) => {
                let sha256 = content_hash(source, &files);
                match read(source, &files) {
                    Ok(list) => {
                        let content = Content {
                            version: list.version,
                            sha256,
                            reading: source.reading.clone(),
                            files: Vec::new(),
                            entries: list.entities.len(),
                            published_at: list.published_at,
                            loaded_at: began_at,
                        };
                        (Found::List { content, validators, confirmed_at, believed: true }, files)
                    }
                    Err((code, cause)) => {
                        tracing::warn!(list = source.id, code = code.as_str(), cause, "a list does not read");
                        (Found::Refused { code, what: sha256 }, Vec::new())
                    }
                }
            }
        };
        Ok((Look { began_at, found }, files))
    }

    async fn gather(
        &self,
        source: &ListSource,
        validators: &[Validator],
        began_at: Timestamp,
        deadline: Timestamp,
    ) -> Result<Gathered> {
        let mut parts = Vec::new();
        for (number, place) in source.places.iter().enumerate() {
            let known = validators.get(number).filter(|known| known.place == place.to_string());
            match self.part(place, known, began_at, deadline).await? {
                Ok(part) => parts.push(part),
                Err(code) => return Ok(Gathered::Refused(code)),
            }
        }
        let mut confirmed_at = began_at;
        let (mut files, mut kept) = (Vec::new(), Vec::new());
        let all_unchanged = parts.iter().all(|part| matches!(part, Part::Unchanged { .. }));
        for (part, place) in parts.into_iter().zip(&source.places) {
            // Where another file changed, this one is needed too.
            let part = match part {
                Part::Unchanged { .. } if !all_unchanged => match self.part(place, None, began_at, deadline).await? {
                    Ok(part) => part,
                    Err(code) => return Ok(Gathered::Refused(code)),
                },
                part => part,
            };
            match part {
                Part::Unchanged { confirmed_at: at } => confirmed_at = confirmed_at.min(at),
                Part::File { bytes, validator, confirmed_at: at } => {
                    confirmed_at = confirmed_at.min(at);
                    files.push(bytes);
                    kept.push(validator);
                }
            }
        }
        if all_unchanged {
            return Ok(Gathered::Unchanged { confirmed_at });
        }
        if files.iter().map(Vec::len).sum::<usize>() > Limits::default().size {
            return Ok(Gathered::Refused(Refusal::TooLarge));
        }
        Ok(Gathered::Files { files, validators: kept, confirmed_at })
    }

    /// One file. A source that is fetched from stands by what it gives now, an upload by what it was when uploaded.
    async fn part(
        &self,
        place: &Place,
        known: Option<&Validator>,
        began_at: Timestamp,
        deadline: Timestamp,
    ) -> Result<Result<Part, Refusal>> {
        let limits = Limits::default();
        let url = match place {
            Place::Url(url) => url,
            Place::Upload(name) => {
                return Ok(match self.uploaded(name, known, limits.size).await? {
                    Upload::Missing => Err(Refusal::Missing),
                    Upload::TooLarge => Err(Refusal::TooLarge),
                    Upload::Unchanged { uploaded_at } => Ok(Part::Unchanged { confirmed_at: uploaded_at }),
                    Upload::Content { bytes, validator, uploaded_at } => {
                        Ok(Part::File { bytes, validator, confirmed_at: uploaded_at })
                    }
                });
            }
        };
        // The other half is for reading, storing and committing it.
        let remaining = deadline.since(Timestamp::now()) / 2;
        Ok(self.fetcher(limits)?.fetch(url, known, remaining).await.map(|file| match file {
            File::Unchanged => Part::Unchanged { confirmed_at: began_at },
            File::Content { bytes, validator } => Part::File { bytes, validator, confirmed_at: began_at },
        }))
    }

    fn fetcher(&self, limits: Limits) -> Result<&Fetcher> {
        let slot = &self.held.fetcher;
        if let Some(fetcher) = slot.get() {
            return Ok(fetcher);
        }
        let fetcher = Fetcher::new(limits, self.local).map_err(Internal::bug)?;
        Ok(slot.get_or_init(|| fetcher))
    }
}

fn told(kind: EventType, state: &ListState, vouched: bool) -> crate::store::event::EventDraft {
    let mut event = list_event(kind, state, Actor::system("lists"));
    match (kind, &state.content, &state.refused) {
        (EventType::ListLoaded, Some(content), _) => {
            event = event.data("version", content.version.as_str()).data("entries", content.entries);
            event = event.data("sha256", content.sha256.as_str());
            if vouched {
                event = event.data("accept_shrunken", true);
            }
        }
        (_, _, Some(refused)) => event = event.data("reason", refused.code.as_str()),
        _ => {}
    }
    event
}

/// What is held of a list, if its source can say that it did not change: what was read otherwise, or from more or fewer
/// files, is no answer to that.
fn comparable<'a>(known: &'a ListState, source: &ListSource) -> Option<&'a Content> {
    let held = known.content.as_ref()?;
    (held.reading == source.reading && held.files.len() == source.places.len()).then_some(held)
}

/// Of how the files are read, and of each file.
fn content_hash(source: &ListSource, files: &[Vec<u8>]) -> String {
    let mut digest = Sha256::new();
    digest.update(&source.reading);
    for file in files {
        digest.update("\n");
        digest.update(hash(file));
    }
    hex::encode(digest.finalize())
}

/// Reads a list's files whole, or says why they are refused, once in a word and once for the log.
pub(super) fn read(source: &ListSource, files: &[Vec<u8>]) -> Result<List, (Refusal, String)> {
    if files.iter().any(|file| file.iter().all(u8::is_ascii_whitespace)) {
        return Err((Refusal::Empty, "an empty file".to_owned()));
    }
    if files.iter().any(|file| is_web_page(file)) {
        return Err((Refusal::WrongFormat, "a web page".to_owned()));
    }
    let mut slices: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let mut parts: Vec<&mut dyn std::io::BufRead> =
        slices.iter_mut().map(|slice| -> &mut dyn std::io::BufRead { slice }).collect();
    let mut list =
        readers::read_parts(&source.format, &mut parts).map_err(|error| (word(&error), error.to_string()))?;
    if list.entities.is_empty() {
        return Err((Refusal::Empty, "no entry with a name".to_owned()));
    }
    list.id.clone_from(&source.id);
    Ok(list)
}

/// What a source says instead of its list when it is unwell; the readers of CSV would take it for a strange table.
fn is_web_page(file: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&file[..file.len().min(512)]).to_ascii_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}

fn word(error: &ReadError) -> Refusal {
    match error {
        ReadError::Empty => Refusal::Empty,
        ReadError::WrongFormat(_) => Refusal::WrongFormat,
        ReadError::BadRow { .. } | ReadError::BadXml { .. } | ReadError::Io(_) => Refusal::Broken,
        ReadError::Truncated(_) => Refusal::Truncated,
        ReadError::TooLarge(_) => Refusal::TooLarge,
        ReadError::Inconsistent(_) => Refusal::Inconsistent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::aml::list::StoredFile, watchlists::source};

    fn of(format: &str) -> ListSource {
        let text = format!(
            r#"[{{"id":"x","name":"X","kind":"sanctions","format":"{format}","urls":["https://x.example/"],"max_age_hours":1}}]"#
        );
        source::parse(&text, false).unwrap().remove(0)
    }

    fn sample(name: &str) -> Vec<u8> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("screening/samples/lists").join(name);
        std::fs::read(path).unwrap()
    }

    #[test]
    fn a_list_has_the_id_it_is_configured_with() {
        let list = read(&of("un_xml"), &[sample("un_sample.xml")]).unwrap();
        assert_eq!((list.id.as_str(), list.entities.len()), ("x", 3));
        let files = ["sample_sdn.csv", "sample_alt.csv", "sample_add.csv"].map(sample);
        assert_eq!(read(&of("ofac_sdn_csv"), &files).unwrap().entities.len(), 3);
    }

    #[test]
    fn what_is_not_the_list_is_refused_with_a_word() {
        let refused = |format: &str, file: &[u8]| read(&of(format), &[file.to_vec()]).unwrap_err().0;
        let un = sample("un_sample.xml");
        assert_eq!(refused("un_xml", b" \n"), Refusal::Empty);
        assert_eq!(refused("un_xml", b"<CONSOLIDATED_LIST></CONSOLIDATED_LIST>"), Refusal::Empty);
        assert_eq!(refused("uk_csv", b"<!DOCTYPE html><html></html>"), Refusal::WrongFormat);
        assert_eq!(refused("un_xml", b"<sdnList></sdnList>"), Refusal::WrongFormat);
        let whole = std::str::from_utf8(&un).unwrap();
        let first = &whole[..whole.find("</INDIVIDUAL>").unwrap() + "</INDIVIDUAL>".len()];
        assert_eq!(refused("un_xml", first.as_bytes()), Refusal::Truncated);
        assert_eq!(refused("un_xml", &first.as_bytes()[..first.len() - 3]), Refusal::Broken, "in the middle of a tag");
        assert_eq!(refused("ofac_sdn_csv", b"1,\"A\"\n"), Refusal::Broken);
    }

    #[test]
    fn a_source_that_lost_a_file_or_is_read_otherwise_is_asked_anew() {
        let source = of("ofac_sdn_csv");
        let held = |files: usize, reading: &str| {
            let content = Content {
                version: "1".into(),
                sha256: "a".into(),
                reading: reading.to_owned(),
                files: vec![StoredFile { key: "k".into(), sha256: "b".into() }; files],
                entries: 3,
                published_at: None,
                loaded_at: Timestamp::from_unix_seconds(1),
            };
            ListState { content: Some(content), ..ListState::requested(None, "x") }
        };
        assert!(comparable(&held(1, &source.reading), &source).is_some());
        assert!(comparable(&held(3, &source.reading), &source).is_none());
        assert!(comparable(&held(1, "otherwise"), &source).is_none());
        assert!(comparable(&ListState::requested(None, "x"), &source).is_none());
    }

    #[test]
    fn the_same_bytes_read_otherwise_are_another_list() {
        let files = [sample("un_sample.xml")];
        assert_eq!(content_hash(&of("un_xml"), &files), content_hash(&of("un_xml"), &files));
        assert_ne!(content_hash(&of("un_xml"), &files), content_hash(&of("eu_xml"), &files));
        assert_ne!(content_hash(&of("un_xml"), &files), content_hash(&of("un_xml"), &[files[0][1..].to_vec()]));
    }
}
