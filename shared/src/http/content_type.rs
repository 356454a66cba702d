//! `Content-Type` (RFC 9110 §8.3). Only UTF-8 is supported (RFC 8259 §8.1).

/// The media type in lower case, without parameters; `None` for a charset other than UTF-8.
///
/// The gateway passes bodies on as UTF-8 and replaces invalid bytes with U+FFFD, so text in another charset would be damaged.
pub(super) fn of_utf8(header: &str) -> Option<String> {
    let mut parts = header.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let mut charsets = parts
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .map(|(_, value)| value.trim().trim_matches('"'));
    charsets.all(|name| name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8")).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utf_8_is_accepted() {
        for header in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=UTF8",
            "application/json ; Charset=\"Utf-8\"",
            "application/json; profile=x; charset=utf-8",
        ] {
            assert_eq!(of_utf8(header).as_deref(), Some("application/json"), "{header}");
        }
        for charset in [
            "iso-8859-1",
            "ISO-8859-15",
            "windows-1252",
            "utf-16",
            "utf-16le",
            "UTF-32",
            "us-ascii",
            "\"latin1\"",
            "utf-7",
            "",
            "x",
        ] {
            assert_eq!(of_utf8(&format!("application/json; charset={charset}")), None, "{charset}");
            assert_eq!(of_utf8(&format!("application/json; charset=utf-8; CHARSET={charset}")), None, "{charset}");
        }
        assert_eq!(of_utf8("").as_deref(), Some(""));
    }
}
