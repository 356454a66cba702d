//! Project Wycheproof's vectors, through the same primitives that the formats use. They are not part of this
//! repository: they are looked for in `vectors/` of the directory named by `VERINYM_SHARED`, or of a `shared` directory
//! beside the checkout; without them these tests say so and end.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{DataKey, access, gcm::Gcm, jwk::Jwk, mac};

fn groups(file: &str) -> Option<Vec<Value>> {
    let shared = std::env::var_os("VERINYM_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(shared.join("vectors").join(file)) else {
        eprintln!("skipped: {file} is not at hand");
        return None;
    };
    let mut file: Value = serde_json::from_str(&text).unwrap();
    Some(serde_json::from_value(file["testGroups"].take()).unwrap())
}

fn tests(group: &Value) -> impl Iterator<Item = &Value> {
    group["tests"].as_array().unwrap().iter()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn valid(test: &Value) -> bool {
    test["result"] == "valid"
}

#[test]
fn aes_gcm() {
    let Some(groups) = groups("wycheproof_aes_gcm_test.json") else { return };
    let mut ran = 0;
    for group in groups.iter().filter(|group| group["keySize"] == 256 && group["ivSize"] == 96) {
        for test in tests(group) {
            let gcm = Gcm::new(&DataKey::try_from(bytes(&test["key"]).as_slice()).unwrap());
            let nonce = bytes(&test["iv"]).try_into().unwrap();
            let (associated, message) = (bytes(&test["aad"]), bytes(&test["msg"]));
            let sealed = [bytes(&test["ct"]), bytes(&test["tag"])].concat();
            let mut plain = Zeroizing::new(Vec::new());
            let opened = gcm.open_into(&nonce, &associated, &sealed, &mut plain).is_ok();
            assert_eq!(opened, valid(test), "{test}");
            assert_eq!(*plain, if opened { message.clone() } else { Vec::new() }, "{test}");
            let mut out = Vec::new();
            gcm.seal_into(&nonce, &associated, &message, &mut out);
            assert_eq!(out == sealed, valid(test), "{test}");
            ran += 1;
        }
    }
    assert!(ran > 50, "only {ran} cases");
}

#[test]
fn hmac_sha256() {
    let Some(groups) = groups("wycheproof_hmac_sha256_test.json") else { return };
    let mut ran = 0;
    for test in groups.iter().flat_map(tests) {
        let tag = bytes(&test["tag"]);
        let mut mac = mac::hmac(&bytes(&test["key"]));
        mac.update(&bytes(&test["msg"]));
        assert_eq!(mac.verify_truncated_left(&tag).is_ok(), valid(test), "{test}");
        ran += 1;
    }
    assert!(ran > 100, "only {ran} cases");
}

/// The key of a group as we would publish it: under its thumbprint.
fn jwk(key: &Value) -> Option<Jwk> {
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
    let named = Jwk::from_components(&part("n")?, &part("e")?);
    let text = |name: &str, or: &str| key[name].as_str().unwrap_or(or).to_owned();
    Some(Jwk { kty: text("kty", ""), usage: text("use", "sig"), alg: text("alg", ""), ..named })
}

#[test]
fn json_web_signature() {
    let Some(groups) = groups("wycheproof_json_web_signature_test.json") else { return };
    let mut ran = 0;
    for group in &groups {
        let key = jwk(&group["public"]).and_then(|jwk| jwk.parse().ok());
        for test in tests(group) {
            // Whatever is not RS256 is refused, be it valid or not.
            let expected = valid(test) && group["public"]["alg"] == "RS256";
            let accepted = key.as_ref().is_some_and(|key| access::verifies(test["jws"].as_str().unwrap(), key));
            assert_eq!(accepted, expected, "{test}");
            ran += 1;
        }
    }
    assert!(ran > 300, "only {ran} cases");
}

#[test]
fn json_web_key() {
    let Some(groups) = groups("wycheproof_json_web_key_test.json") else { return };
    let mut accepted = 0;
    // The ROCA case is about keys that others bring: ours come from our own generator only.
    for group in groups.iter().filter(|group| group["comment"] != "jws_rsa_roca_key") {
        let keys = [&group["public"], &group["private"]].into_iter().filter_map(|set| set["keys"].as_array());
        let keys: Vec<_> = keys.flatten().filter_map(jwk).filter_map(|jwk| jwk.parse().ok()).collect();
        for test in tests(group) {
            let verifies = keys.iter().any(|key| access::verifies(test["jws"].as_str().unwrap(), key));
            assert!(!verifies || valid(test), "{test}");
            accepted += u32::from(verifies);
        }
    }
    assert_eq!(accepted, 1, "the one valid RS256 case");
}
