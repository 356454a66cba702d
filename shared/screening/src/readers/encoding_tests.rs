use encoding_rs::{GBK, IBM866, ISO_8859_2, KOI8_R, MACINTOSH, UTF_16LE};
use encoding_rs::{WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1256};

use super::*;

fn read_all(bytes: &[u8], expected: Expected<'_>) -> Result<(String, &'static str, u64), ReadError> {
    let mut input = bytes;
    let mut decoded = Decoded::open(&mut input, expected)?;
    let mut text = String::new();
    decoded.read_to_string(&mut text).map_err(|e| ReadError::WrongFormat(e.to_string()))?;
    let (encoding, misfits) = decoded.outcome();
    Ok((text, encoding, misfits))
}

fn encode(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    let (bytes, _, unmappable) = encoding.encode(text);
    assert!(!unmappable, "{text} in {}", encoding.name());
    bytes.into_owned()
}

#[test]
fn code_pages_are_detected_from_a_few_names() {
    for (text, encoding) in [
        ("name\nSlobodan Milošević\n", WINDOWS_1250),
        ("name\nRadovan Karadžić\n", WINDOWS_1250),
        ("name\nRadovan Karadžić\n", ISO_8859_2),
        ("name\nSlobodan Milošević\nRatko Mladić\nVojislav Šešelj\nŽeljko Ražnatović\n", ISO_8859_2),
        ("name\nŁukasz Wałęsa\nGrzegorz Brzęczyszczykiewicz\nŻółć Gęślą\n", WINDOWS_1250),
        ("name\nВладимир Якунин\n", KOI8_R),
        ("name\nВладимир Якунин\n", WINDOWS_1251),
        ("name\nСергей Чемезов\nИгорь Сечин\n", KOI8_R),
        ("name\nİbrahim Yılmaz\nŞahin Çelikoğlu\nRecep Tayyip Erdoğan\n", WINDOWS_1254),
        ("name\nFrançois Côté\nJosé Muñoz\nMüller GmbH\n", WINDOWS_1252),
        ("name\nŒuvre – Sœurs Réunies\nHélène L’Hôpital\n", WINDOWS_1252),
        ("name\nAndré\n", MACINTOSH),
        ("name\nBjörn Åkesson\n", MACINTOSH),
        ("name\nΑλέξης Παπαδόπουλος\n", WINDOWS_1253),
        ("name\nبشار الأسد\n", WINDOWS_1256),
        ("name\n陈全国\n", GBK),
        ("name\nВладимир Якунин\n", IBM866),
        ("name\nJosé Muñoz\nFrançois Hélène Çelik\nJürgen Müller\nÁngel Peña\n", MACINTOSH),
    ] {
        let (got, found, _) = read_all(&encode(text, encoding), Expected::Any).unwrap();
        assert_eq!(got, text, "{} read as {found}", encoding.name());
    }
}

#[test]
fn a_mark_or_a_declaration_goes_before_detection() {
    let text = "name\nRadovan Karadžić\n";
    for encoding in [UTF_8, ISO_8859_2, WINDOWS_1250, MACINTOSH] {
        let name = if encoding == MACINTOSH { "name\nJosé\n" } else { text };
        assert_eq!(read_all(&encode(name, encoding), Expected::Declared(encoding.name())).unwrap().0, name);
    }
    let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    assert_eq!(read_all(&marked, Expected::Any).unwrap().0, text);
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read_all(&wide, Expected::Any).unwrap(), (text.to_owned(), UTF_16LE.name(), 0));
    assert!(read_all(text.as_bytes(), Expected::Declared("klingon")).is_err());
}

#[test]
fn xml_is_read_by_its_declaration_and_is_utf_8_without() {
    let declared = "<?xml version='1.0' encoding='ISO-8859-2'?><a>Karadžić</a>".to_owned();
    let (got, found, _) = read_all(&encode(&declared, ISO_8859_2), Expected::Xml).unwrap();
    assert_eq!((got, found), (declared, "ISO-8859-2"));
    assert!(read_all(&encode("<a>Karadžić</a>", ISO_8859_2), Expected::Xml).is_err());
}

#[test]
fn bytes_that_are_no_letters_in_the_encoding_are_refused() {
    for (bytes, expected) in [
        (b"name\nMilo\x9aevi\xe6\n".as_slice(), Expected::Declared("iso-8859-2")),
        (b"name\nA\x81B\n", Expected::Declared("windows-1252")),
        (b"name\nA\xffB\n", Expected::Declared("utf-8")),
        (b"{\"name\":\"A\xffB\"}", Expected::Utf8),
    ] {
        assert!(read_all(bytes, expected).is_err(), "{expected:?}");
    }
}

#[test]
fn single_lines_of_another_encoding_in_a_file_of_utf_8_are_decoded_and_counted() {
    let mut file = "name\nJosé Peña\nMünch Łódź\n".as_bytes().to_vec();
    file.extend_from_slice(&encode("François Côté\n", WINDOWS_1252));
    let (text, encoding, misfits) = read_all(&file, Expected::Any).unwrap();
    assert_eq!((text.as_str(), encoding, misfits), ("name\nJosé Peña\nMünch Łódź\nFrançois Côté\n", "UTF-8", 1));
}

#[test]
fn a_long_file_is_read_in_pieces_without_breaking_characters() {
    for filler in ["å", "日本", "ab\n"] {
        let text = filler.repeat((5 << 20) / filler.len());
        let (got, _, misfits) = read_all(text.as_bytes(), Expected::Any).unwrap();
        assert!(got == text && misfits == 0, "{filler}");
    }
    let late = "abcdefgh\n".repeat(600_000) + "François Côté\nJosé Muñoz\n";
    assert!(read_all(&encode(&late, WINDOWS_1252), Expected::Any).unwrap().0 == late);
}
