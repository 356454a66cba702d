//! The configured lists and their sources: the content of `config/lists.json`.
//!
//! ```json
//! [{"id": "un", "name": "UN Security Council", "kind": "sanctions", "format": "un_xml",
//!   "urls": ["https://scsanctions.un.org/resources/xml/en/consolidated.xml"], "max_age_hours": 72}]
//! ```
//!
//! A url `upload:<name>` is the object `uploads/<name>` of the lists' bucket: how an operator loads lists without a feed.
//! `columns` belongs to the format `mapped_csv`: a column map, or the word of a preset (`rbi`, `sebi`, `mha`, `nse`).

use std::{collections::BTreeSet, time::Duration};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    domain::aml::ListKind,
    screening::{Format, readers::ColumnMap},
};

/// One configured list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSource {
    pub id: String,
    pub name: String,
    pub kind: ListKind,
    pub format: Format,
    /// Its files, in the order that the reader of its format expects.
    pub places: Vec<ListLocation>,
    /// The age from which it is stale.
    pub max_age: Duration,
    /// Whether it is a part of the published list, for trying out.
    pub sample: bool,
    /// Digest of the way of reading: the same bytes read in another way are another list.
    pub reading: String,
}

/// The location of a file of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListLocation {
    Url(Url),
    /// `uploads/<name>` in the lists' bucket.
    Upload(String),
}

impl std::fmt::Display for ListLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Upload(name) => write!(f, "{UPLOAD}{name}"),
        }
    }
}

const UPLOAD: &str = "upload:";
/// The id of the lists in force among the aggregates, which no list may have.
const RESERVED: &str = "lists";
const MOST_LISTS: usize = 40;
const LONGEST_AGE_HOURS: u64 = 366 * 24;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    name: String,
    kind: String,
    format: String,
    urls: Vec<String>,
    max_age_hours: u64,
    #[serde(default)]
    columns: Option<serde_json::Value>,
    #[serde(default)]
    sample: bool,
}

/// Reads the configuration. The error holds all faults, each with the id of its list. `plain_http` is for the local
/// stack.
pub fn parse(text: &str, plain_http: bool) -> Result<Vec<ListSource>, Vec<String>> {
    let raw: Vec<Raw> = serde_json::from_str(text).map_err(|error| vec![error.to_string()])?;
    let mut faults = Vec::new();
    if raw.is_empty() {
        // Without lists a screening would clear nobody, or everybody.
        faults.push("names no list".to_owned());
    }
    if raw.len() > MOST_LISTS {
        faults.push(format!("more than {MOST_LISTS} lists"));
    }
    let mut ids = BTreeSet::new();
    let mut sources = Vec::new();
    for raw in raw {
        if !ids.insert(raw.id.clone()) {
            faults.push(format!("list '{}' is there twice", raw.id));
        }
        match source(&raw, plain_http) {
            Ok(source) => sources.push(source),
            Err(found) => faults.extend(found.into_iter().map(|fault| format!("list '{}': {fault}", raw.id))),
        }
    }
    if faults.is_empty() { Ok(sources) } else { Err(faults) }
}

fn source(raw: &Raw, plain_http: bool) -> Result<ListSource, Vec<String>> {
    let mut faults = Vec::new();
    let word = |text: &str| {
        (1..=40).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if !word(&raw.id) || raw.id == RESERVED {
        faults.push("an id is up to 40 of a-z, 0-9 and _".to_owned());
    }
    if raw.name.trim().is_empty() || raw.name.len() > 100 {
        faults.push("a name has 1 to 100 characters".to_owned());
    }
    if !(1..=LONGEST_AGE_HOURS).contains(&raw.max_age_hours) {
        faults.push(format!("max_age_hours is from 1 to {LONGEST_AGE_HOURS}"));
    }
    let kind = raw.kind.parse::<ListKind>().map_err(|_| format!("kind '{}' is not known", raw.kind));
    let format = format(raw);
    let most = format.as_ref().map_or(1, Format::most_files);
    if raw.urls.is_empty() || raw.urls.len() > most {
        faults.push(format!("this format has 1 to {most} files, not {}", raw.urls.len()));
    }
    let places: Vec<_> = raw.urls.iter().map(|url| place(url, plain_http)).collect();
    faults.extend(kind.as_ref().err().cloned());
    faults.extend(format.as_ref().err().cloned());
    faults.extend(places.iter().filter_map(|place| place.as_ref().err()).cloned());
    let (Ok(kind), Ok(format), true) = (kind, format, faults.is_empty()) else { return Err(faults) };
    Ok(ListSource {
        id: raw.id.clone(),
        name: raw.name.trim().to_owned(),
        kind,
        reading: reading(&raw.format, &format),
        format,
        places: places.into_iter().flatten().collect(),
        // Outside of the local stack a sample is always stale, so it clears nobody.
        max_age: if raw.sample && !plain_http { Duration::ZERO } else { Duration::from_hours(raw.max_age_hours) },
        sample: raw.sample,
    })
}

fn format(raw: &Raw) -> Result<Format, String> {
    if raw.columns.is_some() && raw.format != "mapped_csv" {
        return Err("columns belong to the format mapped_csv".to_owned());
    }
    Ok(match raw.format.as_str() {
        "ofac_sdn_csv" => Format::OfacSdnCsv,
        "ofac_consolidated_csv" => Format::OfacConsolidatedCsv,
        "ofac_xml" => Format::OfacXml,
        "un_xml" => Format::UnXml,
        "eu_xml" => Format::EuXml,
        "uk_csv" => Format::UkCsv,
        "us_csl_csv" => Format::UsCslCsv,
        "opensanctions_csv" => Format::OpenSanctionsCsv,
        "ftm_json" => Format::FtmJson,
        "mapped_csv" => Format::MappedCsv(Box::new(columns(raw)?)),
        other => return Err(format!("format '{other}' is not known")),
    })
}

fn columns(raw: &Raw) -> Result<ColumnMap, String> {
    let mut map = match raw.columns.as_ref() {
        None => return Err("mapped_csv needs columns".to_owned()),
        Some(serde_json::Value::String(preset)) => {
            ColumnMap::preset(preset).ok_or_else(|| format!("columns: there is no preset '{preset}'"))?
        }
        Some(map) => serde_json::from_value::<ColumnMap>(map.clone()).map_err(|error| format!("columns: {error}"))?,
    };
    if map.name.is_empty() {
        return Err("columns: no column for the name".to_owned());
    }
    map.list_id.clone_from(&raw.id);
    Ok(map)
}

fn place(url: &str, plain_http: bool) -> Result<ListLocation, String> {
    if let Some(name) = url.strip_prefix(UPLOAD) {
        let fits = (1..=100).contains(&name.len())
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        return if fits { Ok(ListLocation::Upload(name.to_owned())) } else { Err(format!("'{url}' names no upload")) };
    }
    match Url::parse(url) {
        Ok(parsed) if may_fetch(&parsed, plain_http) => Ok(ListLocation::Url(parsed)),
        _ => Err(format!("'{url}' is no https URL")),
    }
}

/// Whether a list may be fetched from this URL, at first or after a redirect.
pub(super) fn may_fetch(url: &Url, plain_http: bool) -> bool {
    let scheme = url.scheme() == "https" || (plain_http && url.scheme() == "http");
    scheme && url.has_host() && url.username().is_empty() && url.password().is_none()
}

fn reading(word: &str, format: &Format) -> String {
    let columns = match format {
        Format::MappedCsv(map) => serde_json::to_string(map).unwrap_or_default(),
        _ => String::new(),
    };
    hex::encode(Sha256::digest(format!("{word}\n{columns}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(value: serde_json::Value) -> String {
        parse(&json!([value]).to_string(), false).unwrap_err().join("; ")
    }

    fn un() -> serde_json::Value {
        json!({"id": "un", "name": "UN", "kind": "sanctions", "format": "un_xml",
            "urls": ["https://un.example/list.xml"], "max_age_hours": 72})
    }

    #[test]
    fn a_list_has_files_a_format_and_an_age() {
        let mha = json!({"id": "home", "name": "MHA", "kind": "sanctions", "format": "mapped_csv", "columns": "mha",
            "urls": ["upload:mha.csv"], "max_age_hours": 2160});
        let sources = parse(&json!([un(), mha]).to_string(), false).unwrap();
        assert_eq!(sources[0].format, Format::UnXml);
        assert_eq!(sources[0].max_age, Duration::from_hours(72));
        assert_eq!(sources[1].places, [ListLocation::Upload("mha.csv".into())]);
        assert_eq!(sources[1].format.default_id(), "home");
        assert_ne!(sources[0].reading, sources[1].reading);
    }

    #[test]
    fn all_faults_are_told_with_their_list() {
        let mut list = un();
        list["kind"] = "sanction".into();
        list["format"] = "un".into();
        list["max_age_hours"] = 0.into();
        list["urls"] = json!(["http://un.example/", "upload:../x"]);
        let told = faults(list);
        for part in ["list 'un'", "'sanction'", "'un' is not known", "max_age_hours", "no https", "'upload:../x'"] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(parse("{", false).is_err() && parse("[]", false).is_err());
        let twice = json!([un(), un()]).to_string();
        assert!(parse(&twice, false).unwrap_err()[0].contains("twice"));
    }

    #[test]
    fn columns_are_a_preset_or_a_map_and_only_for_mapped_files() {
        let mut list = un();
        list["columns"] = "mha".into();
        assert!(faults(list.clone()).contains("mapped_csv"));
        list["format"] = "mapped_csv".into();
        assert!(parse(&json!([list]).to_string(), false).is_ok());
        list["columns"] = "fbi".into();
        assert!(faults(list.clone()).contains("preset 'fbi'"));
        list["columns"] = json!({"name": "Name", "nome": "x"});
        assert!(faults(list.clone()).contains("nome"));
        list["columns"] = json!({"id": "Id"});
        assert!(faults(list).contains("name"));
    }

    #[test]
    fn plain_http_is_for_the_local_stack_and_credentials_for_nobody() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        assert!(may_fetch(&url("http://127.0.0.1:1/x"), true));
        assert!(!may_fetch(&url("http://127.0.0.1:1/x"), false));
        assert!(!may_fetch(&url("https://user:word@un.example/x"), true));
        assert!(!may_fetch(&url("file:///etc/passwd"), true));
    }
}
