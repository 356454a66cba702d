//! The word lists behind [`super::classify`]. They are about kinds of words, never about single listed names.

use super::TokenKind;

fn has(words: &[&str], text: &str) -> bool {
    words.binary_search(&text).is_ok()
}

pub fn is_title(text: &str) -> bool {
    has(TITLES, text)
}

pub fn is_particle(text: &str) -> bool {
    has(PARTICLES, text)
}

/// Particles that are also family or given names (Korea, Vietnam, China, Burma, India).
pub fn is_particle_and_name(text: &str) -> bool {
    has(PARTICLES_AND_NAMES, text)
}

/// Of these the ones that stand between the syllables of a name, too: Nguyen Van Thanh.
pub fn is_middle_particle(text: &str) -> bool {
    matches!(text, "van" | "bin")
}

/// Titles that people are also called by. Abbreviations and forms of address are not.
pub fn is_title_and_name(text: &str) -> bool {
    has(TITLES_AND_NAMES, text)
}

/// By either spelling, so that each of the many spellings of Mohammad is common.
pub fn is_common_name(text: &str, canon: &str) -> bool {
    has(COMMON_NAMES, text) || has(COMMON_NAMES, canon)
}

pub fn is_light(text: &str) -> bool {
    has(LIGHT, text)
}

/// In the singular or the plural, whichever the list has.
pub fn is_generic(text: &str) -> bool {
    const LEAST: usize = 6;
    has(GENERIC, text)
        || (text.len() >= LEAST
            && (text.strip_suffix("ies").is_some_and(|stem| has(GENERIC, &format!("{stem}y")))
                || text.strip_suffix('s').is_some_and(|one| has(GENERIC, one))
                || has(GENERIC, &format!("{text}s"))))
}

pub fn is_place(text: &str) -> bool {
    has(PLACES, text)
}

/// Whether a word says what an organisation is, does or where.
pub fn is_known_word(text: &str) -> bool {
    is_light(text) || is_generic(text) || is_place(text)
}

/// Titles, honorifics, ranks and forms of address. Words that are also frequent names (Malik, Khan, Syed, Mir, Agha) are
/// not here.
#[rustfmt::skip]
const TITLES: &[&str] = &[
    "adm", "admiral", "alhaj", "alhaji", "alhajj", "amb", "ambassador", "archbishop", "ayatollah", "brig",
    "brigadier", "capt", "captain", "chief", "col", "colonel", "comandante", "commander", "comrade", "dame",
    "datin", "dato", "datuk", "don", "dona", "dr", "eng", "engineer", "engr", "excellency", "frau", "gen",
    "general", "governor", "haj", "haji", "hajj", "hajji", "hazrat", "herr", "hh", "hon", "honorable", "honourable",
    "hrh", "imam", "ing", "jr", "justice", "lady", "lieutenant", "lord", "lt", "madam", "madame", "maj",
    "major", "marshal", "maulana", "maulavi", "maulawi", "maulvi", "mawlawi", "minister", "miss", "mister", "mme",
    "molla", "monsignor", "moulavi", "mr", "mrs", "ms", "mulla", "mullah", "pastor", "phd", "pope", "president",
    "prince", "princess", "prof", "professor", "qari", "rev", "reverend", "secretary", "senator", "senor", "senora",
    "sgt", "shaikh", "shaykh", "sheik", "sheikh", "shri", "sir", "smt", "sr", "sri", "tengku", "ustad", "ustadh",
    "ustaz",
];

/// Particles of the Arabic, Romance, Germanic and Turkic worlds.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "abi", "abo", "abou", "abu", "ad", "al", "an", "ap", "ar", "as", "ash", "at", "aw", "az", "bar", "ben", "bin",
    "bint", "binte", "binti", "bte", "d", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos",
    "du", "e", "ed", "el", "ibn", "il", "kyzy", "la", "las", "le", "les", "lo", "los", "mac", "na", "ogli", "oglu",
    "ogly", "ould", "qizi", "san", "st", "ten", "ter", "the", "ul", "um", "umm", "und", "ur", "uz", "van", "vom", "von",
    "wa", "y", "zu", "zum", "zur",
];

#[rustfmt::skip]
const PARTICLES_AND_NAMES: &[&str] = &[
    "an", "ar", "bar", "ben", "bin", "da", "das", "de", "den", "di", "do", "du", "la", "le", "lo", "mac", "na", "san",
    "ten", "the", "um", "van", "zu",
];

#[rustfmt::skip]
const TITLES_AND_NAMES: &[&str] = &[
    "admiral", "alhaji", "bishop", "chief", "comrade", "dame", "datuk", "don", "dona", "eng", "general", "governor", "haj",
    "haji", "hajj", "hajji", "hazrat", "hon", "imam", "ing", "justice", "lady", "lord", "major", "marshal", "maulana",
    "minister", "mulla", "mullah", "pastor", "pope", "president", "prince", "princess", "qari", "senator", "shaikh",
    "shaykh", "sheik", "sheikh", "shri", "sir", "sri", "tengku", "ustad", "ustadh", "ustaz",
];

/// What a person's word of Arabic or Hebrew letters is, by what the letters stand for. A table of its own: Umar looks like "Mr".
pub fn unvowelled_kind(text: &str) -> TokenKind {
    match text {
        "abn" | "abw" | "aby" | "al" | "bn" | "bnt" | "wld" => TokenKind::Particle,
        "astadh" | "astadhh" | "dktwr" | "dktwrh" | "haj" | "hajy" | "mhnds" | "mhndsh" | "mla" | "mwlwy" | "shykh" => {
            TokenKind::Title
        }
        "abdallh" | "abrahym" | "ahmd" | "asmayl" | "hsn" | "hsyn" | "khald" | "khan" | "krym" | "ly" | "mhmd"
        | "mhmwd" | "mr" | "mstfa" | "mstfy" | "salh" | "syd" | "ywsf" => TokenKind::CommonName,
        _ => TokenKind::Name,
    }
}

/// Names borne by so many that agreeing on them says little. Spellings and canonical spellings.
#[rustfmt::skip]
const COMMON_NAMES: &[&str] = &[
    "abd", "abdalah", "abdalla", "abdallah", "abdel", "abdoul", "abdul", "abdula", "abdulah", "abdullah", "ahmad",
    "ahmed", "ali", "amin", "begum", "chen", "garsia", "gonzalez", "gul", "hamid", "han", "hasan", "hassan",
    "hosain", "hosein", "hossain", "husain", "husein", "huseyn", "hussain", "hussein", "ibrahim", "ismail", "jose",
    "juan", "karim", "khalid", "khan", "kim", "kumar", "lee", "li", "lopez", "mahmoud", "mahmud", "maria",
    "mihamad", "mohamad", "mohamed", "mohammad", "mohammed", "mohamud", "mohd", "muhamad", "muhamed", "muhammad",
    "muhammed", "mustafa", "nguyen", "omar", "park", "rahman", "saeed", "said", "saleh", "salih", "shah", "singh",
    "umar", "wang", "yusuf", "zhang",
];

/// Titles that behind an article are the family's name: Muhammad al-Shaykh.
pub fn is_family_behind_article(text: &str) -> bool {
    ["imam", "shaikh", "shaykh", "sheik", "sheikh", "shykh"].contains(&text)
}

/// Words that carry no identity of an organisation; regions of the world among them, because a group's "Europe" or
/// "International" is still the group.
#[rustfmt::skip]
const LIGHT: &[&str] = &[
    "a", "africa", "al", "america", "an", "and", "asia", "at", "by", "co", "das", "de", "del", "der", "des", "die",
    "do", "du", "e", "el", "et", "europe", "for", "from", "fur", "global", "group", "groupe", "grupo", "gruppa",
    "gruppe", "holding", "holdings", "in", "kompaniya", "konsern", "la", "le", "les", "los", "mit", "of", "ol",
    "on", "s", "the", "to", "ul", "und", "with", "world", "worldwide", "y", "z",
];

/// Line-of-business and structural words.
#[rustfmt::skip]
const GENERIC: &[&str] = &[
    "academy", "administration", "advisors", "aerospace", "agency", "agricultural", "agriculture", "air",
    "airlines", "airways", "army", "assn", "assoc", "associates", "association", "authority", "automotive",
    "aviation", "banco", "bank", "banka", "banking", "banque", "base", "battalion", "branch", "brigade", "brigades",
    "broadcasting", "bureau", "capital", "cargo", "casa", "center", "central", "centre", "chemical", "chemicals",
    "club", "comercial", "commerce", "commercial", "commission", "committee", "communications", "complex", "constr",
    "construction", "constructions", "consulting", "control", "corps", "council", "credit", "cultural", "defence",
    "defense", "democratic", "department", "dept", "design", "development", "directorate", "distribution",
    "division", "electric", "electrical", "electronic", "electronics", "energy", "engg", "engineering",
    "enterprise", "enterprises", "equipment", "establishment", "exchange", "exploration", "export", "exports",
    "factory", "farm", "federation", "finance", "financial", "food", "foods", "force", "forces", "foreign",
    "forwarding", "foundation", "front", "fuel", "fund", "gas", "general", "government", "govt", "guard",
    "headquarters", "health", "heavy", "hospital", "hotel", "hq", "import", "imports", "industrial", "industries",
    "industry", "information", "inst", "institute", "institution", "insurance", "inter", "internat",
    "international", "intl", "inversiones", "investment", "investments", "islamic", "job", "laboratory", "labs",
    "leasing", "liberation", "line", "lines", "logistics", "machinery", "maintenance", "management",
    "manufacturing", "marine", "maritime", "market", "marketing", "materials", "media", "medical", "metal",
    "metals", "mfg", "mgmt", "mgt", "military", "mining", "ministry", "money", "motor", "motors", "movement",
    "municipal", "nat", "national", "natl", "navigation", "network", "nuclear", "offshore", "oil", "operations",
    "organisation", "organization", "parts", "party", "people", "peoples", "petroleum", "pharma", "pharmaceutical",
    "pharmaceuticals", "physics", "police", "port", "power", "precision", "press", "private", "processing",
    "procurement", "production", "products", "project", "projects", "properties", "public", "publishing", "radio",
    "railway", "real", "regiment", "relief", "republic", "research", "resources", "revolutionary", "school",
    "science", "sciences", "scientific", "securities", "security", "service", "services", "servicios", "ship",
    "shipping", "shipyard", "social", "society", "software", "solutions", "sons", "special", "state", "station",
    "steel", "studies", "supplies", "supply", "support", "svc", "svcs", "system", "systems", "tanker", "technical",
    "technologies", "technology", "telecom", "telecommunication", "telecommunications", "textile", "tourism",
    "tours", "trade", "trading", "training", "transp", "transport", "transportadora", "transportation", "travel",
    "trdg", "treasury", "trust", "union", "united", "univ", "universal", "university", "ventures", "vessel",
    "works", "yard",
];

/// Countries, nationalities and capitals, as words in names of organisations.
#[rustfmt::skip]
const PLACES: &[&str] = &[
    "abu", "afghan", "afghanistan", "algeria", "america", "american", "angeles", "arab", "arabia", "arabian",
    "argentina", "armenia", "australia", "austria", "azerbaijan", "baghdad", "bahrain", "bangladesh", "beijing",
    "belarus", "belgium", "berlin", "boston", "brasil", "brazil", "britain", "british", "bulgaria", "burma",
    "cairo", "canada", "caribbean", "chile", "china", "chinese", "colombia", "congo", "croatia", "cuba", "cuban",
    "cyprus", "czech", "damascus", "delhi", "denmark", "deutsche", "deutschland", "dprk", "dubai", "dutch", "east",
    "eastern", "egypt", "egyptian", "emirates", "espana", "estonia", "finland", "france", "french", "geneva",
    "georgia", "german", "germany", "ghana", "greece", "guangdong", "haiti", "hamburg", "havana", "hk", "hong",
    "hongkong", "hungary", "iceland", "india", "indian", "indonesia", "iran", "iranian", "iraq", "iraqi", "ireland",
    "israel", "istanbul", "italia", "italy", "japan", "jordan", "kazakhstan", "kenya", "kong", "korea", "korean",
    "kuwait", "latvia", "lebanese", "lebanon", "liberia", "libya", "libyan", "lithuania", "london", "luxembourg",
    "macau", "malaysia", "malta", "mexico", "moscow", "mumbai", "myanmar", "netherlands", "nicaragua", "nigeria",
    "norge", "north", "northern", "norway", "oman", "pakistan", "palestine", "panama", "paris", "peru",
    "philippines", "poland", "portugal", "prc", "pyongyang", "qatar", "romania", "rus", "russia", "russian",
    "rwanda", "saudi", "serbia", "shanghai", "shenzhen", "singapore", "slovakia", "slovenia", "somalia", "south",
    "southern", "spain", "sudan", "sverige", "sweden", "swiss", "switzerland", "syria", "syrian", "taiwan",
    "tehran", "thailand", "tokyo", "tunisia", "turkey", "turkish", "uae", "uganda", "uk", "ukraine", "uruguay",
    "us", "usa", "uzbekistan", "venezuela", "vietnam", "west", "western", "yemen", "york", "zimbabwe", "zurich",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_the_binary_search() {
        for list in [TITLES, PARTICLES, PARTICLES_AND_NAMES, TITLES_AND_NAMES, COMMON_NAMES, LIGHT, GENERIC, PLACES] {
            for pair in list.windows(2) {
                assert!(pair[0] < pair[1], "{} before {}", pair[0], pair[1]);
            }
        }
    }
}
