//! The device of a person by its `User-Agent`.
//!
//! The header is the caller's text, and the mail may go to somebody else: only words from here are shown, never the header.

/// Browsers, before those whose name they also carry.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems, before those whose name they also carry.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Darwin/", "Apple"),
    ("Linux", "Linux"),
];

/// Browser and system, as in `Firefox, Windows`; `None` if neither is known.
pub(super) fn describe(user_agent: &str) -> Option<String> {
    let of = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    let known: Vec<_> = [of(BROWSERS), of(SYSTEMS)].into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn browser_and_system_are_named() {
        let chrome =
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36";
        assert_eq!(describe(chrome).as_deref(), Some("Chrome, Android"));
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0";
        assert_eq!(describe(edge).as_deref(), Some("Edge, Windows"));
        let iphone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1";
        assert_eq!(describe(iphone).as_deref(), Some("Safari, iPhone"));
    }

    #[test]
    fn words_of_the_caller_are_not_shown() {
        assert_eq!(describe("call +1 555 0100 at once"), None);
        assert_eq!(describe("win a prize at evil.example Firefox/1").as_deref(), Some("Firefox"));
    }
}
