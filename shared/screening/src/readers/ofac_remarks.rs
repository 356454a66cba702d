//! OFAC's remarks: facts in prose, parted by semicolons.

use super::iso_country;
use crate::date;
use crate::entity::{Entity, Identifier, Name, NameType, Strength};

/// What introduces a number that identifies, and what we call it. Longest first.
const IDENTIFIERS: &[(&str, &str)] = &[
    ("Vessel Registration Identification IMO", "imo"),
    ("Identification Number IMO", "imo"),
    ("Company Number IMO", "imo"),
    ("Aircraft Manufacturer's Serial Number (MSN)", "aircraft serial"),
    ("Aircraft Tail Number", "aircraft tail number"),
    ("Commercial Registry Number", "registration"),
    ("Business Registration Number", "registration"),
    ("Registration Number", "registration"),
    ("Registration ID", "registration"),
    ("Company Number", "registration"),
    ("Identification Number", "identification"),
    ("National ID No.", "national id"),
    ("Cedula No.", "national id"),
    ("Tax ID No.", "tax"),
    ("V.A.T. Number", "tax"),
    ("D-U-N-S Number", "duns"),
    ("Passport", "passport"),
    ("SSN", "ssn"),
    ("MMSI", "mmsi"),
    ("D.N.I.", "national id"),
    ("C.U.R.P.", "national id"),
    ("R.F.C.", "tax"),
    ("NIT #", "tax"),
    ("RUC #", "tax"),
    ("RIF #", "tax"),
];

/// Fills in what the remarks say; the remarks themselves are kept.
pub(super) fn parse(remarks: &str, entity: &mut Entity) {
    for part in remarks.split(';') {
        let part = part.trim().trim_end_matches('.');
        let fact = part.strip_prefix("alt. ").unwrap_or(part);
        if let Some(date) = fact.strip_prefix("DOB ") {
            entity.dates_of_birth.extend(date::parse(date));
        } else if let Some(country) = fact.strip_prefix("nationality ").or_else(|| fact.strip_prefix("citizen ")) {
            entity.countries.extend(iso_country(country).map(str::to_owned));
        } else if let Some(other) = fact.strip_prefix("Linked To:") {
            entity.linked_to.push(other.trim().to_owned());
        } else if let Some(quoted) = fact.strip_prefix("a.k.a. ") {
            // In the remarks stand the aliases that OFAC calls weak.
            entity.names.push(Name::new(quoted.trim_matches('\''), NameType::Alias, Strength::Weak));
        } else if let Some(quoted) = fact.strip_prefix("f.k.a. ") {
            entity.names.push(Name::new(quoted.trim_matches('\''), NameType::Former, Strength::Weak));
        } else if let Some((label, kind)) = IDENTIFIERS.iter().find(|(label, _)| fact.starts_with(label)) {
            entity.identifiers.extend(identifier(&fact[label.len()..], kind));
        }
    }
    remarks.clone_into(&mut entity.remarks);
}

/// ` J287011 (Colombia) expires 20 Mar 2018`.
fn identifier(text: &str, kind: &str) -> Option<Identifier> {
    let (number, rest) = text.split_once('(').unwrap_or((text, ""));
    let number = number.split(" expires").next()?.split(" issued").next()?.trim();
    let usable = (3..=40).contains(&number.len()) && number.bytes().any(|b| b.is_ascii_digit());
    usable.then(|| Identifier {
        kind: kind.to_owned(),
        number: number.to_owned(),
        country: rest.split(')').next().and_then(iso_country).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_hidden_in_prose() {
        let mut e = Entity::default();
        parse(
            "DOB Sep 1938; POB Lima, Peru; citizen Mexico; Passport 042833 (Lebanon) expires 20 Mar 2018; Tax ID No. 910 (Russia); f.k.a. 'OLD'.",
            &mut e,
        );
        assert_eq!(e.dates_of_birth[0].to_string(), "1938-09");
        assert_eq!(e.countries, ["MX"]);
        assert_eq!(
            e.identifiers
                .iter()
                .map(|i| (i.kind.as_str(), i.number.as_str(), i.country.as_deref()))
                .collect::<Vec<_>>(),
            [("passport", "042833", Some("LB")), ("tax", "910", Some("RU"))]
        );
        assert_eq!(e.names[0].name_type, NameType::Former);
    }
}
