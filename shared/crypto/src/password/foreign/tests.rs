use super::{
    super::{Params, PasswordMatch, verify},
    *,
};

const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";

fn secret(password: &str) -> Secret<String> {
    Secret::new(password.to_owned())
}

fn verified(password: &str, hash: &str) -> bool {
    let stored = stored(hash).unwrap_or_else(|fault| panic!("{hash}: {fault:?}"));
    let found = verify(&secret(password), &stored, &Params::default()).unwrap();
    assert_eq!(found.outdated, password.len() <= 72 || !hash.starts_with("$2"), "whether it is to be replaced");
    found.matches
}

fn only(password: &str, hash: &str) {
    assert!(verified(password, hash), "{hash}");
    // Not with a zero byte at the end, which HMAC's padding adds anyway.
    for other in ["", "Correct horse", "correct horse ", "correct horse\0x"] {
        assert!(!verified(other, hash), "{hash} {other:?}");
    }
}

fn fault(hash: &str) -> FieldFault {
    stored(hash).expect_err(hash)
}

#[test]
fn bcrypt_of_other_implementations_matches() {
    // By pyca/bcrypt and crypt(3).
    only("correct horse", "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e");
    only("correct horse", "$2b$06$abcdefghijklmnopqrstuud/5IuQmqhVO0kfNEbHJM.fJkPiliBzC");
    only("pässwörd", "$2b$05$abcdefghijklmnopqrstuuZVEMa1pjhlynBQ1qXmSvGBJpN9h1w8G");
    only("rasmuslerdorf", "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq");
}

/// Public reports: implementations that count the closing zero byte cut at 71.
#[test]
fn bcrypt_cuts_at_72_bytes_and_not_at_71() {
    let of_72 = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    assert!(verified(&"x".repeat(72), of_72) && verified(&"x".repeat(100), of_72));
    assert!(!verified(&"x".repeat(71), of_72));
    assert!(verified(&"x".repeat(71), "$2b$04$abcdefghijklmnopqrstuu.gc7UY/21CSNJGJg21jJzx9QiOpJ9bO"));
    let of_the_manual = "$2y$10$8r90pAKtxZzcWQRsJpOKge6rXAP.1UtvQntdk38RhuAjrXXkplqr.";
    assert!(verified("これは、それぞれが複数のバイトで構成される文字である日本語の文です。", of_the_manual));
    assert!(verified("これは、それぞれが複数のバイトで構成される文字で", of_the_manual));
    assert!(!verified("これは、それぞれが複数のバイトで構成される文字", of_the_manual));
}

/// Whoever typed another password that begins with the same 72 bytes would get a hash that the owner's password does not match.
#[test]
fn a_password_of_which_bcrypt_reads_only_a_part_keeps_its_hash() {
    let hash = stored("$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i").unwrap();
    let outdated = |length: usize| {
        let verified = verify(&Secret::new("x".repeat(length)), &hash, &Params::default()).unwrap();
        assert!(verified.matches, "{length}");
        verified.outdated
    };
    assert!(outdated(72));
    assert!(!outdated(73) && !outdated(100));
}

#[test]
fn pbkdf2_of_the_standards_matches() {
    // RFC 6070 and RFC 7914 §11.
    assert!(verified("password", "$pbkdf2$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE"));
    let of_80000 = "TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ";
    assert!(verified("Password", &format!("$pbkdf2-sha256$i=80000,l=64$TmFDbA${of_80000}")));
}

#[test]
fn pbkdf2_of_other_systems_matches() {
    // Keycloak's parameters, and SHA-512 and SHA-384, by Python's hashlib.
    let keycloak = "qnA427fe69fAjkevcHZvnm7vp3MewnxKL4g2WLfI7U6teQVH1eR2L5DfcV0psPIfjGPtlZbkpnogYX+2TaSl6w";
    only("correct horse", &format!("$pbkdf2-sha256$i=27500,l=64${SALT}${keycloak}"));
    only("correct horse", &format!("$pbkdf2-sha256$27500${SALT}==${keycloak}=="));
    let sha512 = "Xpx07WjVx4vCIvrmBRj8uOoVVtGqJqtUv2J5bhizSQs7osCteF7W4A61dZDqSIqQjO+dxO6p5FT/Uy7QRBXSXA";
    only("correct horse", &format!("$pbkdf2-sha512$i=1000,l=64${SALT}${sha512}"));
    let sha384 = "ptrUImDmhCOJ1MRgszc3nYWTon44/if94XSYTuApsyKipl+4DI+WCvYHN2dldZr+";
    only("correct horse", &format!("$pbkdf2-sha384$i=1000${SALT}${sha384}"));
    // passlib, whose base64 has a dot.
    only("correct horse", "$pbkdf2-sha256$1000$././MDEyMzQ1Njc4OWFiYw$IviHeNSM.6PIAhSQoxBgUchmYtfG9JV5CyZhNmiuehs");
    only("correct horse", "$pbkdf2$1000$MDEyMzQ1Njc4OWFiY2RlZg$aUfE2vx5Q7zgbb0jx49AaNpXUQQ");
    // Django, whose salt is text.
    only("correct horse", "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=");
    only("correct horse", "pbkdf2_sha1$1000$seasalt$iQvkNOF1wEL4Khh8eogJ8rUhipM=");
}

#[test]
fn scrypt_of_the_standard_and_of_passlib_matches() {
    // RFC 7914 §12.
    let of_16384 = "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw";
    assert!(verified("pleaseletmein", &format!("$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU${of_16384}")));
    let of_1024 = "/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA";
    assert!(verified("password", &format!("$scrypt$ln=10,r=8,p=16$TmFDbA${of_1024}")));
    only("correct horse", "$scrypt$ln=10,r=8,p=2$MDEyMzQ1Njc4OWFiY2RlZg$I4YuHpx/6xJJ4+sk74hQU+KhW++gPE8aHzXbHijxgzg");
}

/// The example of Firebase's own repository (firebase/scrypt).
const FIREBASE: &str = "$firebase-scrypt$ln=14,r=8,p=1,sep=Bw==,key=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

#[test]
fn firebase_of_its_own_example_matches() {
    assert!(verified("user1password", FIREBASE));
    assert!(!verified("user1passwore", FIREBASE));
    assert!(!verified("user1password", &FIREBASE.replace("sep=Bw==", "sep=Bg==")));
    assert!(!verified("user1password", &FIREBASE.replace("key=jx", "key=ix")));
    assert_eq!(fault(&FIREBASE.replace("sep=Bw==,", "")), MALFORMED);
    assert_eq!(fault(&FIREBASE.replace("key=jxspr8Ki", "key=")), MALFORMED);
}

#[test]
fn argon2_of_the_reference_implementation_matches() {
    // Its own tests; the second one has no version, as version 0x10 was written.
    assert!(verified(
        "password",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
    ));
    assert!(verified("password", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"));
    for hash in [
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQxMjM0NTY3OA$Hxng4Yy6LCVrLbkdfdv9BMmVCzni4rhYXmaO7EilNz0",
        "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQxMjM0NTY3OA$g0zuRuFm0uF8TwBR2l5XFPcld4uEKB5t9HDVll7ovwg",
        "$argon2d$v=19$m=256,t=2,p=2$c29tZXNhbHQxMjM0NTY3OA$vysVPqalwrgCyU8TkSjlJjeDurKzpjMlLTO+XPpOJhw",
        // Keycloak's parameters.
        "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQxMjM0NTY3OA$PGbh0aICDlrsCpvC9k/6A8RmqFJVaorrKWblUAsdVmQ",
    ] {
        only("correct horse", hash);
    }
}

#[test]
fn the_password_is_tried_as_typed_whatever_its_length() {
    // "Zoe", a combining diaeresis, and the ligature fi.
    let as_typed = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$Y+AiUNPybwBQsWGQLFddh/Bb1nvTsSqitSkGWG862G4";
    assert!(verified("Zoe\u{308} ﬁ", as_typed));
    assert!(!verified("Zoë fi", as_typed), "what our normal form makes of it");
    let of_300 = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$t9JEr4JQ1pvKyZOLzAhGbv2VoVgF+a7gIvUbrOQKCZc";
    assert!(verified(&"x".repeat(300), of_300));
    assert!(!super::super::fits(&secret(&"x".repeat(300))));
    assert!(!verified(&"x".repeat(MAX_PASSWORD + 1), "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"));
}

#[test]
fn a_hash_of_ours_is_not_taken_for_an_imported_one() {
    let ours = super::super::hash(&secret("pass"), &Params::new(64, 1, 1, None).unwrap()).unwrap();
    let quick = Params::new(64, 1, 1, None).unwrap();
    assert_eq!(imported(&ours), None);
    assert_eq!(verify(&secret("pass"), &ours, &quick), Ok(PasswordMatch { matches: true, outdated: false }));
    assert_eq!(
        verify(&secret("pass"), &stored(&ours).unwrap(), &quick),
        Ok(PasswordMatch { matches: true, outdated: true })
    );
}

#[test]
fn a_hash_that_costs_too_much_is_refused_and_not_computed() {
    let salt_and_output = format!("{SALT}$fbq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI");
    for hash in [
        "$2b$15$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i".to_owned(),
        "$2b$31$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i".to_owned(),
        format!("$pbkdf2-sha256$i=2000001${salt_and_output}"),
        format!("$pbkdf2-sha256$4294967295${salt_and_output}"),
        format!("$scrypt$ln=18,r=8,p=1${salt_and_output}"),
        format!("$scrypt$ln=63,r=1,p=1${salt_and_output}"),
        format!("$scrypt$ln=64,r=1,p=1${salt_and_output}"),
        format!("$scrypt$ln=4294967295,r=1,p=1${salt_and_output}"),
        format!("$scrypt$ln=1,r=4294967295,p=1${salt_and_output}"),
        format!("$scrypt$ln=14,r=8,p=4294967295${salt_and_output}"),
        format!("$argon2id$v=19$m=131073,t=1,p=1${salt_and_output}"),
        format!("$argon2id$v=19$m=131072,t=16,p=1${salt_and_output}"),
        format!("$argon2id$v=19$m=64,t=17,p=1${salt_and_output}"),
        format!("$argon2id$v=19$m=64,t=1,p=5${salt_and_output}"),
        FIREBASE.replace("ln=14", "ln=40"),
    ] {
        assert_eq!(fault(&hash), TOO_COSTLY, "{hash}");
    }
}

#[test]
fn what_is_no_hash_is_refused_by_name() {
    let output = "fbq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI";
    for hash in [
        "",
        "correct horse battery staple",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$6$rounds=5000$salt$hash",
        "{SSHA}abc",
        "$2x$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i",
        "md5$salt$hash",
        "$pbkdf2-md5$1000$c2FsdA$hash",
        "bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i",
        "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0ï",
    ] {
        assert_eq!(fault(hash), UNKNOWN, "{hash}");
    }
    assert_eq!(fault(&"a".repeat(MAX_HASH_TEXT + 1)), UNKNOWN);
    for hash in [
        "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0".to_owned(),
        "$2b$03$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i".to_owned(),
        "$2b$xx$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i".to_owned(),
        format!("$pbkdf2-sha256$0${SALT}${output}"),
        format!("$pbkdf2-sha256$-1${SALT}${output}"),
        format!("$pbkdf2-sha256$i=1000,i=1${SALT}${output}"),
        format!("$pbkdf2-sha256$i=1000,x=1${SALT}${output}"),
        format!("$pbkdf2-sha256$i=1000,l=64${SALT}${output}"),
        format!("$pbkdf2-sha256$1000$${output}"),
        format!("$pbkdf2-sha256$1000${SALT}$c2hvcnQ"),
        format!("$pbkdf2-sha256$1000${SALT}$"),
        format!("$pbkdf2-sha256$1000$*${output}"),
        format!("$scrypt$ln=0,r=8,p=1${SALT}${output}"),
        format!("$scrypt$ln=14,r=8${SALT}${output}"),
        format!("$argon2id$v=18$m=64,t=1,p=1${SALT}${output}"),
        format!("$argon2id$v=19$m=64,t=1,p=1,data=AAAA${SALT}${output}"),
        format!("$argon2id$v=19$m=1,t=1,p=1${SALT}${output}"),
        format!("$argon2id$v=19$m=64,t=1,p=1$c2FsdA${output}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${SALT}"),
    ] {
        assert_eq!(fault(&hash), MALFORMED, "{hash}");
    }
}
