//! CSV of any layout, by a column map: for the lists of India (RBI, SEBI, MHA, NSE), which have no stable public feed
//! and are loaded by an administrator or from a URL of the deployment's own.

use std::io::BufRead;

use super::table::Table;
use super::{MAX_ENTITIES, ReadError, iso_country};
use crate::date;
use crate::entity::{Entity, Identifier, Kind, List, Name, NameType, Strength};

/// Which column holds what. Only the name is required; columns that are named must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnMap {
    /// The list's id (`rbi`, `sebi`, `mha`, `nse`).
    pub list_id: String,
    pub name: String,
    /// Row number where there is none.
    pub id: Option<String>,
    pub aliases: Option<String>,
    /// Holds `person`, `individual`, `entity`, `company`, `vessel`; anything else, or no column: `default_kind`.
    pub kind: Option<String>,
    pub default_kind: Option<String>,
    pub date_of_birth: Option<String>,
    pub country: Option<String>,
    /// PAN, CIN, passport … with the column's own name as its kind.
    pub identifiers: Vec<String>,
    pub programme: Option<String>,
    pub remarks: Option<String>,
    /// What parts several values of one cell; `;` if absent.
    pub separator: Option<char>,
    /// Country of every row without one.
    pub default_country: Option<String>,
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

    fn columns(&self) -> Vec<&str> {
        let optional =
            [&self.id, &self.aliases, &self.kind, &self.date_of_birth, &self.country, &self.programme, &self.remarks];
        let mut all = vec![self.name.as_str()];
        all.extend(optional.into_iter().flatten().map(String::as_str));
        all.extend(self.identifiers.iter().map(String::as_str));
        all
    }
}

pub(super) fn read(input: &mut dyn BufRead, map: &ColumnMap) -> Result<List, ReadError> {
    let mut table = Table::with_header(input, &map.columns())?;
    let separators = [map.separator.unwrap_or(';')];
    let mut entities = Vec::new();
    while let Some(row) = table.next()? {
        if entities.len() >= MAX_ENTITIES {
            return Err(ReadError::TooLarge("too many entries".into()));
        }
        let name = row.get(&map.name);
        if name.is_empty() {
            return Err(row.bad("no name"));
        }
        let cell = |column: &Option<String>| column.as_ref().map(|c| row.get(c)).unwrap_or_default();
        let many = |column: &Option<String>| column.as_ref().map(|c| row.split(c, &separators)).unwrap_or_default();
        let id = Some(cell(&map.id)).filter(|i| !i.is_empty()).unwrap_or_else(|| format!("row-{}", row.line));
        let kind =
            kind_of(&cell(&map.kind)).or_else(|| map.default_kind.as_deref().and_then(kind_of)).unwrap_or_default();
        let mut entity = Entity { id, kind, names: vec![Name::primary(name)], ..Entity::default() };
        entity.names.extend(many(&map.aliases).into_iter().map(|a| Name::new(a, NameType::Alias, Strength::Strong)));
        entity.dates_of_birth = many(&map.date_of_birth).iter().filter_map(|d| date::parse(d)).collect();
        entity.countries = many(&map.country).iter().filter_map(|c| iso_country(c)).map(str::to_owned).collect();
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
        entities.push(entity);
    }
    Ok(List { id: map.list_id.clone(), entities, ..List::default() })
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
        let list = read(&mut text.as_bytes(), &map).unwrap();
        let e = &list.entities[0];
        assert_eq!((e.names.len(), e.kind, e.countries.join(",")), (3, Kind::Person, "IN".into()));
        assert!(read(&mut "Other\nx\n".as_bytes(), &map).is_err());
        assert!(["rbi", "sebi", "nse"].iter().all(|l| ColumnMap::preset(l).is_some()));
    }
}
