//! GET /v1/aml/lists/{id}: one configured list, with what its reader took from its files and what it left.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        aml::{AmlError, ListKind},
        role::AmlRead,
        time::Timestamp,
    },
    error::Result,
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Path, Plain, Route, problem::types},
    screening::readers::{DropReason, FileReport, ReadReport, SetAside},
    store::Table,
    watchlists::Watchlists,
};

use crate::list_lists::{ListView, RefusedView};

/// A configured list with its reader's report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ListDetails {
    #[schema(example = "ofac_sdn")]
    id: String,
    #[schema(example = "OFAC SDN")]
    name: String,
    kind: ListKind,
    /// The publisher's version or date, or a hash; null, as all that follows, while the list is not in force.
    #[schema(example = "2026-02-27")]
    version: Option<String>,
    entries: Option<usize>,
    /// As the list states it.
    #[schema(example = "2026-02-27")]
    published_at: Option<String>,
    loaded_at: Option<Timestamp>,
    /// When its source last confirmed it; for an upload, when it was uploaded.
    confirmed_at: Option<Timestamp>,
    /// Older than its limit, or not in force: nobody is cleared by it.
    stale: bool,
    /// A part of the published list, for trying out. Outside of the local stack a sample is always stale.
    sample: bool,
    /// Why what its source gives now is refused.
    refused: Option<RefusedView>,
    /// Of the content that was loaded last; null while none was.
    report: Option<ReportView>,
}

/// What was read from the files of a list, and what was not. A figure that falls by more than a fifth since the content before makes
/// the new content refused as `shrunken`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportView {
    #[schema(example = 8976)]
    entities: usize,
    names: usize,
    /// Those of the names that the list calls weak.
    weak_names: usize,
    dates_of_birth: usize,
    countries: usize,
    /// Numbers of documents, taxpayers, companies, vessels and wallets.
    numbers: usize,
    /// In the order in which the list is configured.
    files: Vec<FileView>,
    /// What was left out without being broken: the number by reason.
    dropped: BTreeMap<&'static str, usize>,
    set_aside: SetAsideView,
    /// By column: values that the reader did not understand.
    unknown: BTreeMap<String, UnknownView>,
    /// Columns that the format has and the file does not.
    missing_columns: Vec<MissingColumnView>,
}

/// One file of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FileView {
    /// Rows, elements or lines that describe something.
    records: usize,
    #[schema(example = "UTF-8")]
    encoding: String,
    /// Lines in another encoding than the rest of the file.
    misfit_lines: u64,
}

/// Entities that are broken and were left out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SetAsideView {
    count: usize,
    /// The first 20.
    examples: Vec<BrokenEntityView>,
}

/// An entity that could not be read.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BrokenEntityView {
    /// The list's own key; empty if it has none.
    entity_id: String,
    #[schema(example = "line 12")]
    place: String,
    problem: String,
}

/// Values of a column that were not understood.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnknownView {
    count: usize,
    /// The first 20 different ones, and how often each was found.
    values: BTreeMap<String, usize>,
}

/// A column that is not there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MissingColumnView {
    column: String,
    /// What the column would hold.
    #[schema(example = "passport numbers")]
    lost: String,
}

pub fn endpoint() -> Endpoint {
    Route::get("aml-get-list", "/v1/aml/lists/{id}")
        .summary("Read a watchlist")
        .description("A list with the report of its reader: what was read, left out, set aside and not understood.")
        .problems(&[&types::NOT_FOUND])
        .needs(Needs::new().with(Capability::ReadListSources).query(Table::Kyc).get(Table::Kyc))
        .handled_by(get)
}

async fn get(call: Call<Can<AmlRead>>, Path(id): Path<String>) -> Result<Plain<ListDetails>> {
    let lists = Watchlists::of(call.app).await;
    let store = call.app.store().await;
    let (statuses, report) = futures::try_join!(lists.statuses(), store.list_report(&id))?;
    let status = statuses.into_iter().find(|status| status.id == id).ok_or(AmlError::UnknownList)?;
    let report = report.map(|held| ReportView::from(held.report));
    Ok(Plain(ListDetails::new(ListView::new(status, call.now()), report)))
}

impl ListDetails {
    fn new(list: ListView, report: Option<ReportView>) -> Self {
        let ListView {
            id,
            name,
            kind,
            version,
            entries,
            published_at,
            loaded_at,
            confirmed_at,
            stale,
            sample,
            refused,
        } = list;
        Self { id, name, kind, version, entries, published_at, loaded_at, confirmed_at, stale, sample, refused, report }
    }
}

impl From<ReadReport> for ReportView {
    fn from(report: ReadReport) -> Self {
        let ReadReport { read, files, dropped, set_aside, unknown, missing_columns } = report;
        Self {
            entities: read.entities,
            names: read.names,
            weak_names: read.weak_names,
            dates_of_birth: read.dates,
            countries: read.countries,
            numbers: read.numbers,
            files: files.into_iter().map(FileView::from).collect(),
            dropped: dropped.into_iter().map(|(reason, count)| (word_of(reason), count)).collect(),
            set_aside: set_aside.into(),
            unknown: (unknown.into_iter())
                .map(|(column, unknown)| (column, UnknownView { count: unknown.count, values: unknown.values }))
                .collect(),
            missing_columns: (missing_columns.into_iter())
                .map(|missing| MissingColumnView { column: missing.column, lost: missing.lost })
                .collect(),
        }
    }
}

impl From<FileReport> for FileView {
    fn from(FileReport { records, encoding, misfit_lines }: FileReport) -> Self {
        Self { records, encoding, misfit_lines }
    }
}

impl From<SetAside> for SetAsideView {
    fn from(SetAside { count, examples }: SetAside) -> Self {
        let examples = (examples.into_iter()).map(|broken| BrokenEntityView {
            entity_id: broken.id,
            place: broken.place,
            problem: broken.problem,
        });
        Self { count, examples: examples.collect() }
    }
}

fn word_of(reason: DropReason) -> &'static str {
    match reason {
        DropReason::EmptyName => "empty_name",
        DropReason::RepeatedName => "repeated_name",
        DropReason::LegalFormAlone => "legal_form_alone",
        DropReason::TooManyNames => "too_many_names",
        DropReason::EntityWithoutName => "entity_without_name",
        DropReason::NotScreened => "not_screened",
        DropReason::WithoutEntity => "without_entity",
        DropReason::EmptyNumber => "empty_number",
    }
}
