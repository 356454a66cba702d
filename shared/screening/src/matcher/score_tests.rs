use super::*;
use crate::normalise::form;
use crate::normalise::vocabulary;
use proptest::prelude::*;

fn score(a: &str, b: &str, reading: Reading) -> i32 {
    let (x, y) = (form(a, reading), form(b, reading));
    let there = compare_forms(&x, &y, reading).score;
    assert_eq!(there, compare_forms(&y, &x, reading).score, "{a} / {b} is not symmetric");
    there
}

#[test]
fn persons_that_agree() {
    for (a, b) in [
        ("Pedro Alvarez", "Alvarez, Pedro"),
        ("Dr Pedro Alvarez", "Pedro Alvarez"),
        ("Pedro Alvares", "Pedro Alvarez"),
        ("Pedro Luis Alvarez", "Pedro Alvarez"),
        ("P. Alvarez", "Pedro Alvarez"),
        ("Grigory Andreevich Malinov", "Grigory Malinov"),
        ("Bob Fenwick", "Robert Fenwick"),
        ("Григорий Малинов", "Grigory Malinov"),
        ("Abd al-Latif Zubayri", "Abdullatif Zubairi"),
        ("Nur al-Din Zubayri", "Nouruddin Zubayri"),
        ("Karim bin Nabil as-Sabri", "Karim ibn Nabil al-Sabri"),
        ("كريم نصر الله", "Karim Nasrallah"),
        ("عبد الملك الزبيري", "Abdul Malik al-Zubairi"),
        ("דוד כהן", "David Cohen"),
        ("이지훈", "Lee Ji-hun"),
        ("Pedro Alvarez Jr", "Pedro Alvarez"),
    ] {
        assert!(score(a, b, Reading::Person) >= 850, "{a} / {b}: {}", score(a, b, Reading::Person));
    }
}

#[test]
fn persons_that_do_not() {
    for (a, b) in [
        ("Pedro Alvarez", "Pedro Montenegro"),
        ("Pedro Alvarez", "Luis Alvarez"),
        ("Karim Nabil Zubayri al-Jazrawi", "Karim Nabil Zubayri al-Ansari"),
        ("Nabil bin Tarek al-Zubayri", "Tarek bin Nabil al-Zubayri"),
        ("Pedro", "Pedro Alvarez"),
        ("K. Alvarez", "Pedro Alvarez"),
        ("王小明", "王小朋"),
        ("Pedro Alvarez II", "Pedro Alvarez III"),
        ("Pedro Alvarez Jr", "Pedro Alvarez Sr"),
    ] {
        assert!(score(a, b, Reading::Person) < 850, "{a} / {b}: {}", score(a, b, Reading::Person));
    }
}

#[test]
fn organisations() {
    for (a, b, agree) in [
        ("Zeta Shipping Ltd", "Zeta Shipping Limited", true),
        ("OOO Romashka", "Romashka LLC", true),
        ("Zeta Shipping", "Zeta Trading", false),
        ("Zeta Shipping Spain", "Zeta Shipping France", false),
        ("Harvest Brigade 44", "Harvest Brigade forty-four", true),
        ("Brigade 44", "Brigade 45", false),
        ("Zeta Holding Group", "Zeta", true),
        ("Northern Harbour Authority of Zeta", "NHAZ", true),
        ("Luna", "Lunt", false),
        ("Zeta Trading Ltd", "Zeta Training Ltd", false),
        ("Zeta Organisation", "Zeta Organization", true),
        ("Northern Zeta Offshore Corporation", "NZOC", true),
        ("Zeta Intl Mgmt", "Zeta International Management", true),
        ("Zeta Lines Zeta", "Zeta Lines", true),
        ("株式会社ゼタ", "Zeta Co., Ltd.", true),
    ] {
        assert_eq!(
            score(a, b, Reading::Organisation) >= 850,
            agree,
            "{a} / {b}: {}",
            score(a, b, Reading::Organisation)
        );
    }
}

fn name() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z]{2,9}", 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn symmetric(a in name(), b in name()) {
        for reading in [Reading::Person, Reading::Organisation] {
            score(&a.join(" "), &b.join(" "), reading);
        }
    }

    #[test]
    fn order_of_tokens_does_not_matter(a in name(), b in name(), turn in 0usize..6) {
        let descent = |v: &[String]| v.iter().any(|t| matches!(t.as_str(), "bin" | "ibn" | "ben" | "bint"));
        // Whether these are names is told by where they stand.
        let particle = |v: &[String]| v.iter().any(|t| vocabulary::is_particle_and_name(t));
        prop_assume!(!descent(&a) && !descent(&b) && !particle(&a) && !particle(&b));
        let mut turned = a.clone();
        turned.rotate_left(turn % a.len());
        let x = score(&a.join(" "), &b.join(" "), Reading::Person);
        let y = score(&turned.join(" "), &b.join(" "), Reading::Person);
        // Three words may be read as one only as they stand, and only the last word may be cut off.
        prop_assume!(!a.concat().contains(b.iter().max_by_key(|t| t.len()).map_or("", String::as_str)));
        prop_assert_eq!(x, y);
    }

    #[test]
    fn a_name_agrees_with_itself(a in name()) {
        let text = a.join(" ");
        let same = score(&text, &text, Reading::Person);
        prop_assert!(same == 1000 || a.iter().all(|t| t.len() < 2), "{} {}", text, same);
    }
}
