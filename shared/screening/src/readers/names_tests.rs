use super::*;

fn shown(text: &str, kind: Kind) -> String {
    let found = names_in(text, kind);
    let names = found.names.iter().map(|name| {
        let mark = match name.name_type {
            NameType::Primary => "",
            NameType::Former => "former ",
            NameType::Alias | NameType::OriginalScript => "alias ",
        };
        format!("{mark}{}", name.text)
    });
    names.collect::<Vec<_>>().join(" | ")
}

#[test]
fn riders_are_cut_off() {
    for (text, expected) in [
        (
            "Zephyria Import and Export Company; and any successor, sub-unit, or subsidiary thereof",
            "Zephyria Import and Export Company",
        ),
        ("Miranta Structures, and any successor entity thereof", "Miranta Structures"),
        ("Miranta Structures (and any successor, sub-unit, or subsidiary thereof)", "Miranta Structures"),
        ("Miranta Structures and its subsidiaries", "Miranta Structures"),
        ("Miranta Structures, including any subsidiaries and affiliates", "Miranta Structures"),
        ("Miranta Structures and all affiliates", "Miranta Structures"),
        ("Miranta Structures, any successor thereof", "Miranta Structures"),
        ("Miranta Structures and subsidiaries", "Miranta Structures"),
        ("Alvaro Montenegro; and any successor, sub-unit, or subsidiary thereof", "Alvaro Montenegro"),
        ("Parent and Branch Libraries", "Parent and Branch Libraries"),
        ("Import and Division Trading", "Import and Division Trading"),
        ("Successors of Vorska", "Successors of Vorska"),
        ("Vorska and Partners", "Vorska and Partners"),
    ] {
        assert_eq!(shown(text, Kind::Organisation), expected, "{text}");
    }
}

#[test]
fn second_names_in_one_field_are_names_of_their_own() {
    for (text, kind, expected) in [
        ("Someone Else Here @ Alvaro Montenegro", Kind::Person, "Someone Else Here | alias Alvaro Montenegro"),
        ("Tarek Wasimi @Zubayr", Kind::Person, "Tarek Wasimi | alias Zubayr"),
        ("Tarek Wasimi a.k.a. Zubayr Qalandari", Kind::Person, "Tarek Wasimi | alias Zubayr Qalandari"),
        ("Tarek Wasimi (a.k.a. Zubayr; Abu Zubayr)", Kind::Person, "Tarek Wasimi | alias Zubayr | alias Abu Zubayr"),
        ("Tarek Wasimi, a/k/a Zubayr", Kind::Person, "Tarek Wasimi | alias Zubayr"),
        ("Tarek Wasimi also known as Zubayr", Kind::Person, "Tarek Wasimi | alias Zubayr"),
        ("Tarek Wasimi (alias Zubayr)", Kind::Person, "Tarek Wasimi | alias Zubayr"),
        (
            "Catherine Dupont alias Lena Popova",
            Kind::Person,
            "Catherine Dupont | alias Lena Popova | alias Catherine Dupont alias Lena Popova",
        ),
        ("Mohd Alias bin Ahmad", Kind::Person, "Mohd Alias bin Ahmad"),
        ("Ahmad Nizam Alias", Kind::Person, "Ahmad Nizam Alias"),
        ("Alias Grace", Kind::Person, "Alias Grace"),
        ("Vorska Yards f.k.a. Orel Docks", Kind::Organisation, "Vorska Yards | former Orel Docks"),
        ("Vorska Yards (formerly listed as Orel Docks)", Kind::Organisation, "Vorska Yards | former Orel Docks"),
        ("Vorska Yards, formerly: Orel Docks", Kind::Organisation, "Vorska Yards | former Orel Docks"),
        ("Nerpa Builders d/b/a Orel Stroy", Kind::Organisation, "Nerpa Builders | alias Orel Stroy"),
        ("Nerpa Builders trading as Orel Stroy", Kind::Organisation, "Nerpa Builders | alias Orel Stroy"),
        ("ARCTIC LANTERN (ex OLD BEACON)", Kind::Vessel, "ARCTIC LANTERN | former OLD BEACON"),
        (
            "ARCTIC LANTERN ex OLD BEACON",
            Kind::Vessel,
            "ARCTIC LANTERN | former OLD BEACON | alias ARCTIC LANTERN ex OLD BEACON",
        ),
        ("Zeta Ltd (ex-Omega Ltd)", Kind::Organisation, "Zeta Ltd | former Omega Ltd"),
        ("Karl Lee [aka Li Fang Wei]", Kind::Person, "Karl Lee | alias Li Fang Wei"),
        ("A Zorro @ B Zorro @ C", Kind::Person, "A Zorro | alias B Zorro | alias C"),
        ("Иван Орлов, он же Зорро", Kind::Person, "Иван Орлов | alias Зорро"),
        ("Ex Libris", Kind::Organisation, "Ex Libris"),
        ("Catherine Dupont (née Martin)", Kind::Person, "Catherine Dupont | former Catherine Martin"),
        ("1) Tarek Wasimi 2) Zubayr", Kind::Person, "Tarek Wasimi | alias Zubayr"),
        ("a) Tarek Wasimi b) Zubayr", Kind::Person, "Tarek Wasimi | alias Zubayr"),
        ("So-called Donetsk Harbour Republic", Kind::Organisation, "Donetsk Harbour Republic"),
        ("The so called Luhansk Railways", Kind::Organisation, "Luhansk Railways"),
        ("info@zeta.example", Kind::Organisation, "info@zeta.example"),
        ("CALI @ TELE.COM LTDA.", Kind::Organisation, "CALI @ TELE.COM LTDA."),
        ("H4mid@Tm3l", Kind::Person, "H4mid | alias Tm3l | alias H4mid@Tm3l"),
        ("RAHMAN, Inayat-ur-", Kind::Person, "RAHMAN, Inayat-ur-"),
        ("حسن غول (Hassan Ghul; Hasan Gul)", Kind::Person, "حسن غول | alias Hassan Ghul | alias Hasan Gul"),
        ("Abdul Haq (عبد الحق (original script))", Kind::Person, "Abdul Haq | alias عبد الحق"),
        ("A Front (AF) (B Front; C Front)", Kind::Organisation, "A Front (AF) | alias B Front | alias C Front"),
        ("Mohammad Sabet b) M. Javad", Kind::Person, "Mohammad Sabet | alias M. Javad"),
        ("Ezatullah Haqqani (previously listed as)", Kind::Person, "Ezatullah Haqqani"),
        (
            "Abdul Haq son of Anwar (عبد الحق)",
            Kind::Person,
            "Abdul Haq | alias Abdul Haq son of Anwar | alias عبد الحق",
        ),
        ("Do Van Son", Kind::Person, "Do Van Son"),
        ("Smith &amp; Wesson", Kind::Organisation, "Smith & Wesson"),
        ("Zeta Co. Ltd. (ZETA)", Kind::Organisation, "Zeta Co. Ltd. (ZETA)"),
        ("\"Vector\" (Plus)", Kind::Organisation, "\"Vector\" (Plus)"),
        ("", Kind::Person, ""),
    ] {
        assert_eq!(shown(text, kind), expected, "{text}");
    }
}

#[test]
fn the_name_of_a_father_or_husband_is_no_name_of_the_person() {
    for text in ["Ravi Kumar s/o Mohan Lal", "Ravi Kumar son of Mohan Lal", "Ravi Kumar (S/O Mohan Lal)"] {
        let found = names_in(text, Kind::Person).names;
        assert_eq!(found[0].text, "Ravi Kumar", "{text}");
        assert!(!found.iter().any(|name| name.text == "Mohan Lal"), "{text}");
    }
}

#[test]
fn a_remark_on_the_quality_leaves_the_name_and_makes_it_weak() {
    for (text, strength) in [
        ("Zorro (low quality)", Strength::Weak),
        ("Zorro (Low quality a.k.a.)", Strength::Weak),
        ("Zorro [weak alias]", Strength::Weak),
        ("Zorro (good quality a.k.a.)", Strength::Strong),
    ] {
        let found = names_in(text, Kind::Person).names;
        assert_eq!((found[0].text.as_str(), found[0].strength, found.len()), ("Zorro", strength, 1), "{text}");
    }
}

#[test]
fn the_number_of_a_ship_leaves_its_name() {
    for text in [
        "MIRANTA STAR (IMO 9187629)",
        "Miranta Star, IMO: 9187629",
        "MIRANTA STAR IMO No. 9187629",
        "MIRANTA STAR IMO9187629",
    ] {
        let found = names_in(text, Kind::Vessel);
        assert_eq!(found.names[0].text.to_lowercase(), "miranta star", "{text}");
        assert_eq!(found.imo.as_deref(), Some("9187629"), "{text}");
    }
    assert_eq!(names_in("TIMO 1234567", Kind::Vessel).imo, None);
    assert_eq!(names_in("IMO 9187629", Kind::Vessel).names.len(), 1);
}

proptest::proptest! {
    #[test]
    fn any_text_is_taken_apart_without_panic(text in "\\PC{0,60}", words in "(alias |a\\.k\\.a\\. |@|\\(|\\)|ex |née |s/o |IMO |[A-Zé]{1,3} |; and any successor|1\\) ){0,8}") {
        for kind in [Kind::Person, Kind::Organisation, Kind::Vessel, Kind::Unknown] {
            let _ = (names_in(&text, kind), names_in(&words, kind));
        }
    }
}
