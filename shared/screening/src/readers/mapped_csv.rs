//! CSV of any layout, by a column map: for the lists of India (RBI, SEBI, MHA, NSE), which have no stable public feed
//! and are loaded by an administrator or from a URL of the deployment's own.

use std::io::BufRead;

use super::intake::{Broken, Intake};
use super::table::{Column, Row, Table};
use super::{ReadError, iso_country};
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

/// Which column holds what. Only the name is required; columns that are named must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnMap {
    /// The list's id (`rbi`, `sebi`, `mha`, `nse`).
    pub list_id: String,
    /// Column of the name; the only one that is required.
    pub name: String,
    /// Row number where there is none.
    pub id: Option<String>,
    /// Column of other names.
    pub aliases: Option<String>,
    /// Holds `person`, `individual`, `entity`, `company`, `vessel`; anything else, or no column: `default_kind`.
    pub kind: Option<String>,
    /// Kind of every row whose column does not tell: the same words.
    pub default_kind: Option<String>,
    /// Column of the date of birth.
    pub date_of_birth: Option<String>,
    /// Column of the country: codes or names.
    pub country: Option<String>,
    /// PAN, CIN, passport … with the column's own name as its kind.
    pub identifiers: Vec<String>,
    /// Column of the programme, schedule or order.
    pub programme: Option<String>,
    /// Column that is kept as it stands.
    pub remarks: Option<String>,
    /// What parts several values of one cell; `;` if absent.
    pub separator: Option<char>,
    /// Country of every row without one.
    pub default_country: Option<String>,
    /// The file's encoding by its label in the WHATWG Encoding Standard (`windows-1250`, `koi8-r`); detected if absent.
    pub encoding: Option<String>,
}

impl ColumnMap {
    /// The maps documented in `docs/screening.md` for the four Indian lists.
    pub fn preset(list_id: &str) -> Option<Self> {
        let column = |name: &str| Some(name.to_owned());
        let base = Self { list_id: list_id.to_owned(), default_country: column("IN"), ..Self::default() };
        Some(match list_id {
            // Reserve Bank of India: alert list of unauthorised entities.
            "rbi" => Self {
                name: "Name".into(),
                id: column("Sr. No."),
                remarks: column("Website"),
                default_kind: column("entity"),
                ..base
            },
            // SEBI: debarred entities, with PAN.
            "sebi" => Self {
                name: "Entity Name".into(),
                identifiers: vec!["PAN".into()],
                remarks: column("Order Particulars"),
                programme: column("Order Date"),
                ..base
            },
            // Ministry of Home Affairs: individuals and organisations under the UAPA schedules.
            "mha" => Self {
                name: "Name".into(),
                aliases: column("Aliases"),
                kind: column("Type"),
                date_of_birth: column("Date of Birth"),
                programme: column("Schedule"),
                ..base
            },
            // National Stock Exchange: defaulters and debarred.
            "nse" => Self {
                name: "Entity / Individual Name".into(),
                identifiers: vec!["PAN".into()],
                programme: column("NSE circular No."),
                ..base
            },
            _ => return None,
        })
    }

    fn columns(&self) -> Vec<Column<'_>> {
        let optional = [
            (&self.id, "the entries' keys"),
            (&self.aliases, "aliases"),
            (&self.kind, "what an entry is"),
            (&self.date_of_birth, "dates of birth"),
            (&self.country, "countries"),
            (&self.programme, "programmes"),
            (&self.remarks, "remarks"),
        ];
        let mut all = vec![Column::required(&self.name, &[], "names")];
        all.extend(optional.into_iter().filter_map(|(c, holds)| Some(Column::required(c.as_deref()?, &[], holds))));
        all.extend(self.identifiers.iter().map(|c| Column::required(c, &[], "numbers")));
        all
    }
}

pub(super) fn read(input: &mut dyn BufRead, map: &ColumnMap, intake: &mut Intake) -> Result<List, ReadError> {
    let mut table = Table::with_header(input, &map.columns(), None, &mut intake.report)?;
    while let Some(row) = table.next()? {
        intake.record();
        let found = entity(&row, map, intake);
        intake.take(row.place(), found)?;
    }
    Ok(List { id: map.list_id.clone(), ..List::default() })
}

fn entity(row: &Row<'_>, map: &ColumnMap, intake: &mut Intake) -> Result<Entity, Broken> {
    let separators = [map.separator.unwrap_or(';')];
    let cell = |column: &Option<String>| column.as_ref().map(|c| row.get(c)).unwrap_or_default();
    let many = |column: &Option<String>| column.as_ref().map(|c| row.split(c, &separators)).unwrap_or_default();
    let id = Some(cell(&map.id)).filter(|i| !i.is_empty()).unwrap_or_else(|| format!("row-{}", row.line));
    let name = row.get(&map.name);
    if name.is_empty() {
        return Err(Broken::new(id, "no name"));
    }
    let stated = cell(&map.kind);
    let kind = kind_of(&stated);
    if kind.is_none() {
        intake.report.unknown(map.kind.as_deref().unwrap_or_default(), &stated);
    }
    let kind = kind.or_else(|| map.default_kind.as_deref().and_then(kind_of)).unwrap_or_default();
    let mut entity = Entity { id, kind, names: vec![Name::primary(name)], ..Entity::default() };
    entity.names.extend(many(&map.aliases).into_iter().map(|a| Name::new(a, NameType::Alias, Strength::Strong)));
    for date in many(&map.date_of_birth) {
        entity.dates_of_birth.extend(intake.dates(map.date_of_birth.as_deref().unwrap_or_default(), &date));
    }
    for country in many(&map.country) {
        entity.countries.extend(intake.countries(map.country.as_deref().unwrap_or_default(), &country));
    }
    if entity.countries.is_empty() {
        entity.countries.extend(map.default_country.as_deref().and_then(iso_country).map(str::to_owned));
    }
    for column in &map.identifiers {
        for number in row.split(column, &separators) {
            entity.identifiers.push(Identifier { kind: column.to_lowercase(), number, country: None });
        }
    }
    entity.programmes = many(&map.programme);
    entity.remarks = cell(&map.remarks);
    Ok(entity)
}

fn kind_of(text: &str) -> Option<Kind> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "person" | "individual" | "individuals" => Kind::Person,
        "entity" | "company" | "organisation" | "organization" | "firm" | "llp" => Kind::Organisation,
        "vessel" | "ship" => Kind::Vessel,
        "aircraft" => Kind::Aircraft,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_a_map() {
        let map = ColumnMap::preset("mha").unwrap();
        let text = "Name,Aliases,Type,Date of Birth,Schedule\nA Zorro,\"B; C\",Individual,1951,Fourth\n";
        let read =
            |map: &ColumnMap, text: &[u8]| crate::readers::read(&crate::Format::MappedCsv(Box::new(map.clone())), text);
        let list = read(&map, text.as_bytes()).unwrap();
        let e = &list.entities[0];
        assert_eq!((e.names.len(), e.kind, e.countries.join(",")), (3, Kind::Person, "IN".into()));
        assert!(read(&map, b"Other\nx\n").is_err());
        assert!(["rbi", "sebi", "nse"].iter().all(|l| ColumnMap::preset(l).is_some()));
    }
    #[test]
    fn second_names_code_pages_and_headers_of_spreadsheets_are_read() {
        let map = ColumnMap { list_id: "x".into(), name: "Name".into(), ..ColumnMap::default() };
        let names = |map: &ColumnMap, file: &[u8]| {
            let list = crate::readers::read(&crate::Format::MappedCsv(Box::new(map.clone())), file).unwrap();
            list.entities.iter().flat_map(|e| &e.names).map(|n| n.text.clone()).collect::<Vec<_>>()
        };
        let file = "NAME ,No\nSomeone Else Here @ Alvaro Montenegro,1\n";
        assert_eq!(names(&map, file.as_bytes()), ["Someone Else Here", "Alvaro Montenegro"]);
        let (cyrillic, _, _) = encoding_rs::KOI8_R.encode("Name,No\nВладимир Якунин,1\n");
        assert_eq!(names(&map, &cyrillic), ["Владимир Якунин"]);
        let declared = ColumnMap { encoding: Some("iso-8859-2".into()), ..map };
        assert_eq!(names(&declared, b"Name,No\nRadovan Karad\xbei\xe6,1\n"), ["Radovan Karadžić"]);
    }
}
