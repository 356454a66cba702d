//! What introduces a number in OFAC's remarks.

/// Labels that need a kind other than their own words. Longest first.
const KINDS: &[(&str, &str)] = &[
    ("Vessel Registration Identification IMO", "imo"),
    ("Identification Number IMO", "imo"),
    ("Company Number IMO", "imo"),
    ("Aircraft Manufacturer's Serial Number (MSN)", "aircraft serial"),
    ("Aircraft Construction Number", "aircraft serial"),
    ("Aircraft Serial Identification", "aircraft serial"),
    ("Aircraft Tail Number", "aircraft tail number"),
    ("Aircraft Mode S Transponder Code", "aircraft transponder"),
    ("Vessel Call Sign", "call sign"),
    ("Unified Social Credit Code", "registration"),
    ("Commercial Registry Number", "registration"),
    ("Business Registration", "registration"),
    ("Public Registration Number", "registration"),
    ("Registration Number", "registration"),
    ("Registration ID", "registration"),
    ("UK Company Number", "registration"),
    ("Company Number", "registration"),
    ("Enterprise Number", "registration"),
    ("Folio Mercantil", "registration"),
    ("Matricula Mercantil", "registration"),
    ("Legal Entity Number", "registration"),
    ("Chamber of Commerce Number", "registration"),
    ("Trade License", "registration"),
    ("C.R. No.", "registration"),
    ("Government Gazette Number", "registration"),
    ("National ID No.", "national id"),
    ("National Foreign ID Number", "national id"),
    ("Citizen's Card Number", "national id"),
    ("Cedula", "national id"),
    ("C.U.R.P.", "national id"),
    ("C.U.I.", "national id"),
    ("D.N.I.", "national id"),
    ("I.F.E.", "national id"),
    ("Kenyan ID No.", "national id"),
    ("Personal ID Card", "national id"),
    ("SSN", "ssn"),
    ("Tax ID No.", "tax"),
    ("V.A.T. Number", "tax"),
    ("US FEIN", "tax"),
    ("Italian Fiscal Code", "tax"),
    ("R.F.C.", "tax"),
    ("RFC", "tax"),
    ("C.U.I.T.", "tax"),
    ("NIT", "tax"),
    ("RUC", "tax"),
    ("RIF", "tax"),
    ("RTN", "tax"),
    ("Diplomatic Passport", "passport"),
    ("Stateless Person Passport", "passport"),
    ("British National Overseas Passport", "passport"),
    ("Passport", "passport"),
    ("Driver's License No.", "driving licence"),
    ("D-U-N-S Number", "duns"),
    ("SWIFT/BIC", "swift"),
    ("MMSI", "mmsi"),
    ("ISIN", "isin"),
    ("Legal Entity Identifier", "lei"),
    ("LEI", "lei"),
    ("Identification Number", "identification"),
];

/// What introduces a wallet; the currency and the address follow.
const WALLET: &str = "Digital Currency Address";

/// A label that ends with such a word introduces a number.
const ENDS: &[&str] = &[
    "no",
    "number",
    "num",
    "id",
    "#",
    "code",
    "card",
    "registration",
    "passport",
    "license",
    "licence",
    "certificate",
    "permit",
    "registry",
    "identification",
    "identifier",
    "document",
    "electoral",
    "nacional",
    "mercantil",
    "visa",
    "tin",
    "ein",
    "fein",
    "lei",
    "imo",
    "dni",
    "cpf",
    "cnpj",
    "inn",
    "ogrn",
    "okpo",
    "bik",
    "ssn",
    "serial",
    "(ru)",
    "book",
];

/// Numeric remarks that do not identify anybody.
const OTHER_FACTS: &[&str] = &[
    "Additional Sanctions",
    "Aircraft Model",
    "Aircraft Manufacture Date",
    "Aircraft Operator",
    "All ",
    "BIK Date",
    "CAATSA",
    "Effective Date",
    "Email",
    "Equity Ticker",
    "Executive Order",
    "Fax",
    "For more",
    "Gender",
    "Issuer Name",
    "Listing Date",
    "Organization Established",
    "Organization Type",
    "Other Vessel",
    "POB",
    "Phone",
    "Purchase/Sales",
    "Secondary sanctions",
    "Target Type",
    "Telephone",
    "Telex",
    "Tel.",
    "Transactions Prohibited",
    "Vessel Type",
    "Vessel Year",
    "Website",
    "arrested",
    "http",
    "Former Vessel",
    "Central Bank",
    "Note:",
    "www.",
];

/// Whether a fact is known to hold no number that identifies.
pub(super) fn is_other_fact(fact: &str) -> bool {
    OTHER_FACTS.iter().any(|start| fact.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)))
}

/// The kind of number that a fact introduces, and the text from the number on.
pub(super) fn number(fact: &str) -> Option<(String, &str)> {
    if let Some(rest) = fact.strip_prefix(WALLET) {
        let rest = rest.trim_start_matches([' ', '-', ':']);
        let (_currency, address) = rest.split_once(' ')?;
        return Some(("wallet".to_owned(), address));
    }
    if is_other_fact(fact) {
        return None;
    }
    let at_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
    let known = KINDS.iter().find_map(|(label, kind)| Some((*kind, fact.strip_prefix(label).filter(|r| at_end(r))?)));
    if let Some((kind, rest)) = known {
        return Some((kind.to_owned(), behind_label(rest)));
    }
    // Any other label: words up to the first with a figure.
    let mut at = 0;
    for word in fact.split(' ') {
        if word.bytes().any(|b| b.is_ascii_digit()) {
            let (label, number) = label_before(fact, at);
            return ends_label(label).then(|| (label.trim_end_matches(['.', ':', '#', ' ']).to_lowercase(), number));
        }
        at += word.len() + 1;
    }
    None
}

/// The label before the word at `at`; letters of the number's own (`No. E 427689`) are no part of it.
fn label_before(fact: &str, at: usize) -> (&str, &str) {
    let label = fact[..at].trim_end();
    if let Some((before, last)) = label.rsplit_once(' ')
        && last.len() <= 3
        && last.bytes().all(|b| b.is_ascii_uppercase())
        && ends_label(before)
    {
        return (before, &fact[before.len() + 1..]);
    }
    (label, &fact[at..])
}

/// Whether a label ends as labels of numbers do: by such a word, or an abbreviation (`C.U.I.P.`, `(NUIT)`).
fn ends_label(label: &str) -> bool {
    let last = label.rsplit(' ').next().unwrap_or_default();
    let inner = last.trim_start_matches('(').trim_end_matches(')');
    let is_acronym = last.starts_with('(') && inner.len() > 1 && inner.bytes().all(|b| b.is_ascii_uppercase());
    let is_dotted = last.matches('.').count() > 1 && last.bytes().all(|b| b == b'.' || b.is_ascii_uppercase());
    let bare = last.trim_end_matches(['.', ':']).to_ascii_lowercase();
    is_acronym || is_dotted || bare.ends_with("numberid") || ENDS.contains(&bare.as_str())
}

/// Without what still belongs to the label: `No.`, `#`, a remark in brackets.
fn behind_label(rest: &str) -> &str {
    let mut rest = rest;
    loop {
        let before = rest;
        rest = rest.trim_start_matches([' ', '.', '#', ':']);
        for word in ["No.", "No ", "Number ", "Document "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        if rest.starts_with('(')
            && let Some((_, behind)) = rest.split_once(')')
        {
            rest = behind;
        }
        if rest == before {
            return rest;
        }
    }
}
