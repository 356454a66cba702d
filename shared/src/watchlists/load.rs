//! Loading a list: fetch its files if they changed, read them completely, then store or refuse the list.

use sha2::{Digest, Sha256};

use super::{
    Watchlists,
    fetch::{FetchLimits, FetchedFile, Fetcher},
    files::{UploadedFile, hash},
    source::{ListLocation, ListSource},
};
use crate::{
    domain::{
        aml::list::{FetchOutcome, FileValidator, ListChange, ListContent, ListFetch, ListRefusal, ListState},
        event::{Actor, EventType},
        time::Timestamp,
    },
    error::{Internal, Result},
    run_command,
    screening::{
        List, ReadError, ReadReport,
        readers::{self, Counts},
    },
    store::{
        command::Decided,
        list::{ListReport, loaded_event, refused_event},
    },
};

/// The result of fetching all files of a list.
enum Gathered {
    Unchanged { confirmed_at: Timestamp },
    Files { files: Vec<Vec<u8>>, validators: Vec<FileValidator>, confirmed_at: Timestamp },
    Refused(ListRefusal),
}

/// The result of a look at a source.
struct Look {
    fetch: ListFetch,
    /// The files of a list without faults, and its reader's report.
    files: Vec<Vec<u8>>,
    report: ReadReport,
}

/// The result of fetching one file.
enum FetchedPart {
    Unchanged { confirmed_at: Timestamp },
    File { bytes: Vec<u8>, validator: FileValidator, confirmed_at: Timestamp },
}

impl Watchlists<'_> {
    /// Fetches a list from its source and stores it if it has no faults. `shrink_accepted` takes a list that lost more than
    /// a fifth of its entries, or of what they hold. An id that is not configured is ignored.
    pub async fn refresh(
        &self,
        id: &str,
        shrink_accepted: bool,
        correlation_id: &str,
        deadline: Timestamp,
    ) -> Result<()> {
        let sources = self.sources().await?;
        let Some(source) = sources.iter().find(|source| source.id == id) else {
            tracing::warn!(list = id, "a list that is not configured was asked for");
            return Ok(());
        };
        let store = self.store;
        let began_at = Timestamp::now();
        let known = store.list(id).await?;
        let Look { mut fetch, files, report } = self.look(source, known.as_ref(), began_at, deadline).await?;
        let mut stored = None;
        let command = store.command(correlation_id, Actor::system("lists"));
        let kept = run_command!(command, |attempt| {
            let before = store.list(id).await?;
            let report_before = store.list_report(id).await?;
            if let FetchOutcome::List { losses, .. } = &mut fetch.found {
                *losses = if shrink_accepted { vec![] } else { lost(before.as_ref(), report_before.as_ref(), &report) };
            }
            let (mut after, kind) = match ListState::after(before.as_ref(), id, &fetch) {
                ListChange::None => return Ok(Decided::Unchanged(None)),
                ListChange::Confirmed(after) => (after, None),
                ListChange::Loaded(after) => (after, Some(EventType::ListLoaded)),
                ListChange::Refused(after) => (after, Some(EventType::ListRefused)),
            };
            if let (Some(EventType::ListLoaded), Some(content)) = (kind, after.content.as_mut()) {
                if stored.is_none() {
                    stored = Some(self.store_files(id, began_at, &content.sha256, &files).await?);
                }
                content.files = stored.clone().unwrap_or_default();
            }
            let now = Timestamp::now();
            let commit = attempt.commit(now).list_changes(before.as_ref(), &after);
            let commit = match (kind, &after.content, &after.refused) {
                (Some(EventType::ListLoaded), Some(content), _) => {
                    let (version, sha256) = (after.version, content.sha256.clone());
                    let report = ListReport { version, sha256, report: report.clone() };
                    let commit = commit.list_report(id, report_before.as_ref(), &report);
                    commit.event(loaded_event(&after, content, shrink_accepted))
                }
                (Some(EventType::ListRefused), _, Some(refused)) => commit.event(refused_event(&after, refused)),
                (None, ..) => commit,
                (Some(kind), ..) => return Err(Internal::bug(format!("{kind} without what it tells")).into()),
            };
            Ok(commit.returning(Some((after, kind, now))))
        });
        match kept? {
            Some((after, kind, now)) => self.after_commit(&after, kind, now).await,
            None => Ok(()),
        }
    }

    /// After the commit: writes the log line and deletes files that are not needed any more.
    async fn after_commit(&self, state: &ListState, kind: Option<EventType>, now: Timestamp) -> Result<()> {
        match (kind, &state.content, &state.refused) {
            (Some(EventType::ListLoaded), Some(content), _) => {
                tracing::info!(list = state.id, version = content.version, entries = content.entries, "list loaded");
                if let Err(error) = self.tidy_files(&state.id, &content.files, now).await {
                    tracing::warn!(list = state.id, %error, "old files were not removed");
                }
            }
            (_, _, Some(refused)) => {
                let losses = refused.losses.join("; ");
                tracing::warn!(list = state.id, code = refused.code.as_str(), losses, "list refused");
            }
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
    ) -> Result<Look> {
        let mut report = ReadReport::default();
        let held = known.and_then(|known| comparable(known, source));
        let validators = held.and(known).map(|known| known.validators.as_slice()).unwrap_or_default();
        let (found, files) = match (self.gather(source, validators, began_at, deadline).await?, held) {
            (Gathered::Unchanged { confirmed_at }, Some(held)) => {
                (FetchOutcome::Unchanged { sha256: held.sha256.clone(), confirmed_at }, Vec::new())
            }
            (Gathered::Unchanged { .. }, None) => return Err(Internal::bug("unchanged since nothing").into()),
            (Gathered::Refused(code), _) => (FetchOutcome::Refused { code, what: code.to_string() }, Vec::new()),
            (Gathered::Files { files, validators, confirmed_at }, _) => {
                let sha256 = content_hash(source, &files);
                match read(source, &files) {
                    Ok((list, read)) => {
                        report = read;
                        let content = ListContent {
                            version: list.version,
                            sha256,
                            reading: source.reading.clone(),
                            files: Vec::new(),
                            entries: list.entities.len(),
                            published_at: list.published_at,
                            loaded_at: began_at,
                        };
                        (FetchOutcome::List { content, validators, confirmed_at, losses: vec![] }, files)
                    }
                    Err((code, cause)) => {
                        tracing::warn!(list = source.id, code = code.as_str(), cause, "a list does not read");
                        (FetchOutcome::Refused { code, what: sha256 }, Vec::new())
                    }
                }
            }
        };
        Ok(Look { fetch: ListFetch { began_at, found }, files, report })
    }

    async fn gather(
        &self,
        source: &ListSource,
        validators: &[FileValidator],
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
        let all_unchanged = parts.iter().all(|part| matches!(part, FetchedPart::Unchanged { .. }));
        for (part, place) in parts.into_iter().zip(&source.places) {
            // If one file changed, all are needed.
            let part = match part {
                FetchedPart::Unchanged { .. } if !all_unchanged => {
                    match self.part(place, None, began_at, deadline).await? {
                        Ok(part) => part,
                        Err(code) => return Ok(Gathered::Refused(code)),
                    }
                }
                part => part,
            };
            match part {
                FetchedPart::Unchanged { confirmed_at: at } => confirmed_at = confirmed_at.min(at),
                FetchedPart::File { bytes, validator, confirmed_at: at } => {
                    confirmed_at = confirmed_at.min(at);
                    files.push(bytes);
                    kept.push(validator);
                }
            }
        }
        if all_unchanged {
            return Ok(Gathered::Unchanged { confirmed_at });
        }
        if files.iter().map(Vec::len).sum::<usize>() > FetchLimits::default().size {
            return Ok(Gathered::Refused(ListRefusal::TooLarge));
        }
        Ok(Gathered::Files { files, validators: kept, confirmed_at })
    }

    /// Fetches one file. A fetched file is confirmed now, an upload was confirmed when it was uploaded.
    async fn part(
        &self,
        place: &ListLocation,
        known: Option<&FileValidator>,
        began_at: Timestamp,
        deadline: Timestamp,
    ) -> Result<Result<FetchedPart, ListRefusal>> {
        let limits = FetchLimits::default();
        let url = match place {
            ListLocation::Url(url) => url,
            ListLocation::Upload(name) => {
                return Ok(match self.uploaded(name, known, limits.size).await? {
                    UploadedFile::Missing => Err(ListRefusal::Missing),
                    UploadedFile::TooLarge => Err(ListRefusal::TooLarge),
                    UploadedFile::Unchanged { uploaded_at } => Ok(FetchedPart::Unchanged { confirmed_at: uploaded_at }),
                    UploadedFile::Content { bytes, validator, uploaded_at } => {
                        Ok(FetchedPart::File { bytes, validator, confirmed_at: uploaded_at })
                    }
                });
            }
        };
        // The other half of the time is for reading, storing and committing the list.
        let remaining = deadline.since(Timestamp::now()) / 2;
        Ok(self.fetcher(limits)?.fetch(url, known, remaining).await.map(|file| match file {
            FetchedFile::Unchanged => FetchedPart::Unchanged { confirmed_at: began_at },
            FetchedFile::Content { bytes, validator } => FetchedPart::File { bytes, validator, confirmed_at: began_at },
        }))
    }

    fn fetcher(&self, limits: FetchLimits) -> Result<&Fetcher> {
        let slot = &self.held.fetcher;
        if let Some(fetcher) = slot.get() {
            return Ok(fetcher);
        }
        let fetcher = Fetcher::new(limits, self.local).map_err(Internal::bug)?;
        Ok(slot.get_or_init(|| fetcher))
    }
}

/// The stored content of a list, if "unchanged" from its source would refer to it: it was read in the same way and from
/// the same number of files.
fn comparable<'a>(known: &'a ListState, source: &ListSource) -> Option<&'a ListContent> {
    let held = known.content.as_ref()?;
    (held.reading == source.reading && held.files.len() == source.places.len()).then_some(held)
}

/// The figures that fell too much since the content that is held. Of content without a report, the entries alone are known.
fn lost(state: Option<&ListState>, before: Option<&ListReport>, now: &ReadReport) -> Vec<String> {
    let Some(held) = state.and_then(|state| state.content.as_ref()) else { return vec![] };
    let entries =
        || ReadReport { read: Counts { entities: held.entries, ..Counts::default() }, ..ReadReport::default() };
    let before =
        before.filter(|before| before.sha256 == held.sha256).map_or_else(entries, |before| before.report.clone());
    now.losses(&before).iter().map(ToString::to_string).collect()
}

/// SHA-256 over the way of reading and the hash of each file, in hex.
fn content_hash(source: &ListSource, files: &[Vec<u8>]) -> String {
    let mut digest = Sha256::new();
    digest.update(&source.reading);
    for file in files {
        digest.update("\n");
        digest.update(hash(file));
    }
    hex::encode(digest.finalize())
}

/// Reads all files of a list. The error is the refusal with its cause for the log.
pub(super) fn read(source: &ListSource, files: &[Vec<u8>]) -> Result<(List, ReadReport), (ListRefusal, String)> {
    if files.iter().any(|file| file.iter().all(u8::is_ascii_whitespace)) {
        return Err((ListRefusal::Empty, "an empty file".to_owned()));
    }
    if files.iter().any(|file| is_web_page(file)) {
        return Err((ListRefusal::WrongFormat, "a web page".to_owned()));
    }
    let mut slices: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let mut parts: Vec<&mut dyn std::io::BufRead> =
        slices.iter_mut().map(|slice| -> &mut dyn std::io::BufRead { slice }).collect();
    let (mut list, report) = readers::read_with_report(&source.format, &mut parts)
        .map_err(|error| (refusal_of(&error), error.to_string()))?;
    if list.entities.is_empty() {
        return Err((ListRefusal::Empty, "no entry with a name".to_owned()));
    }
    list.id.clone_from(&source.id);
    Ok((list, report))
}

/// Whether a file is a web page, which sources send in place of a list when they fail. The CSV readers would accept it.
fn is_web_page(file: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&file[..file.len().min(512)]).to_ascii_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}

fn refusal_of(error: &ReadError) -> ListRefusal {
    match error {
        ReadError::Empty => ListRefusal::Empty,
        ReadError::WrongFormat(_) => ListRefusal::WrongFormat,
        ReadError::BadRow { .. } | ReadError::BadXml { .. } | ReadError::TooManyBroken { .. } | ReadError::Io(_) => {
            ListRefusal::Broken
        }
        ReadError::Truncated(_) => ListRefusal::Truncated,
        ReadError::TooLarge(_) => ListRefusal::TooLarge,
        ReadError::Inconsistent(_) => ListRefusal::Inconsistent,
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
        let (list, _) = read(&of("un_xml"), &[sample("un_sample.xml")]).unwrap();
        assert_eq!((list.id.as_str(), list.entities.len()), ("x", 3));
        let files = ["sample_sdn.csv", "sample_alt.csv", "sample_add.csv"].map(sample);
        assert_eq!(read(&of("ofac_sdn_csv"), &files).unwrap().0.entities.len(), 3);
    }

    #[test]
    fn a_file_that_is_not_the_list_is_refused_with_a_code() {
        let refused = |format: &str, file: &[u8]| read(&of(format), &[file.to_vec()]).unwrap_err().0;
        let un = sample("un_sample.xml");
        assert_eq!(refused("un_xml", b" \n"), ListRefusal::Empty);
        assert_eq!(refused("un_xml", b"<CONSOLIDATED_LIST></CONSOLIDATED_LIST>"), ListRefusal::Empty);
        assert_eq!(refused("uk_csv", b"<!DOCTYPE html><html></html>"), ListRefusal::WrongFormat);
        assert_eq!(refused("un_xml", b"<sdnList></sdnList>"), ListRefusal::WrongFormat);
        let whole = std::str::from_utf8(&un).unwrap();
        let first = &whole[..whole.find("</INDIVIDUAL>").unwrap() + "</INDIVIDUAL>".len()];
        assert_eq!(refused("un_xml", first.as_bytes()), ListRefusal::Truncated);
        assert_eq!(
            refused("un_xml", &first.as_bytes()[..first.len() - 3]),
            ListRefusal::Broken,
            "in the middle of a tag"
        );
        assert_eq!(refused("ofac_sdn_csv", b"1,\"A\"\n"), ListRefusal::Broken);
    }

    #[test]
    fn a_list_with_other_files_or_another_reading_is_fetched_again() {
        let source = of("ofac_sdn_csv");
        let held = |files: usize, reading: &str| {
            let content = ListContent {
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
    fn the_same_bytes_with_another_reading_are_another_list() {
        let files = [sample("un_sample.xml")];
        assert_eq!(content_hash(&of("un_xml"), &files), content_hash(&of("un_xml"), &files));
        assert_ne!(content_hash(&of("un_xml"), &files), content_hash(&of("eu_xml"), &files));
        assert_ne!(content_hash(&of("un_xml"), &files), content_hash(&of("un_xml"), &[files[0][1..].to_vec()]));
    }

    #[test]
    fn a_list_that_keeps_its_entries_and_loses_their_numbers_is_shrunken() {
        let state = |sha256: &str| {
            let content = ListContent {
                version: "1".into(),
                sha256: sha256.into(),
                reading: String::new(),
                files: vec![],
                entries: 100,
                published_at: None,
                loaded_at: Timestamp::from_unix_seconds(1),
            };
            ListState { content: Some(content), ..ListState::requested(None, "x") }
        };
        let report = |entities, numbers| ReadReport {
            read: Counts { entities, numbers, ..Counts::default() },
            ..ReadReport::default()
        };
        let before = ListReport { version: 1, sha256: "a".into(), report: report(100, 90) };
        let lost = |sha256: &str, now: ReadReport| lost(Some(&state(sha256)), Some(&before), &now);
        assert_eq!(lost("a", report(100, 80)), Vec::<String>::new());
        assert_eq!(lost("a", report(100, 10)), ["10 numbers where there were 90: more than 20 % gone"]);
        // The report is of other content: only the entries are known.
        assert_eq!(lost("b", report(100, 10)), Vec::<String>::new());
        assert_eq!(lost("b", report(79, 90)), ["79 entities where there were 100: more than 20 % gone"]);
        assert!(super::lost(None, None, &report(1, 0)).is_empty());
    }
}
