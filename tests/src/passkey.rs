//! A software authenticator: passkeys of people in tests (WebAuthn Level 3, ES256, attestation `none`).

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};

use crate::{ApiResponse, Client, people::tag};

/// Flags of authenticator data.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// An authenticator with one passkey.
#[derive(Debug)]
pub struct SoftPasskey {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// What the options of its registration called its person.
    user: String,
    /// What the next answer says of its count of uses.
    pub sign_count: u32,
    /// Whether it verifies its user.
    pub verifies: bool,
    /// The page that it answers to.
    pub origin: String,
}

impl SoftPasskey {
    /// An authenticator without a passkey yet.
    pub fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let id = format!("credential {}", tag()).into_bytes();
        let origin = "http://localhost:3000".to_owned();
        Self { key, id, user: String::new(), sign_count: 0, verifies: true, origin }
    }

    /// The answer to options of a registration.
    pub fn registers(&mut self, public_key: &Value) -> Value {
        public_key["user"]["id"].as_str().expect("a user").clone_into(&mut self.user);
        let client_data = self.client_data("webauthn.create", public_key);
        let point = self.key.public_key().as_ref();
        let mut data = self.data(&public_key["rp"]["id"], ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        // COSE_Key (RFC 9053 §7.1): EC2, ES256, P-256, x, y.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        // CBOR of {"fmt": "none", "attStmt": {}, "authData": data}.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        object.extend(&data);
        let response = json!({
            "clientDataJSON": BASE64URL.encode(client_data), "attestationObject": BASE64URL.encode(object),
            "transports": ["internal"],
        });
        self.credential(&response)
    }

    /// The answer to options of a sign-in.
    pub fn signs_in(&mut self, public_key: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", public_key);
        let data = self.data(&public_key["rpId"], 0);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, client_data.as_bytes()).as_ref());
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        let response = json!({
            "clientDataJSON": BASE64URL.encode(client_data), "authenticatorData": BASE64URL.encode(data),
            "signature": BASE64URL.encode(signature), "userHandle": self.user,
        });
        self.credential(&response)
    }

    /// The id of the credential, as options name it.
    pub fn credential_id(&self) -> String {
        BASE64URL.encode(&self.id)
    }

    fn credential(&self, response: &Value) -> Value {
        let id = self.credential_id();
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
    }

    fn client_data(&self, kind: &str, public_key: &Value) -> String {
        json!({"type": kind, "challenge": public_key["challenge"], "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    fn data(&self, rp_id: &Value, more: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, rp_id.as_str().expect("a domain").as_bytes()).as_ref().to_vec();
        data.push(more | USER_PRESENT | if self.verifies { USER_VERIFIED } else { 0 });
        data.extend(self.sign_count.to_be_bytes());
        data
    }
}

impl Default for SoftPasskey {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// Options for a registration, of a person who is signed in.
    pub async fn passkey_options(&self) -> Value {
        self.post("/v1/auth/webauthn/register/options").send().await.expect(200).json()
    }

    /// Registers a new passkey; the answer.
    pub async fn register_passkey(&self, passkey: &mut SoftPasskey) -> ApiResponse {
        let options = self.passkey_options().await;
        let credential = passkey.registers(&options["publicKey"]);
        self.register_credential(&options, &credential).await
    }

    pub async fn register_credential(&self, options: &Value, credential: &Value) -> ApiResponse {
        let form = json!({"challenge_id": options["challenge_id"], "name": "a phone", "credential": credential});
        self.post("/v1/auth/webauthn/register").json(&form).send().await
    }

    /// Options for a sign-in, of anybody or of the account with an address.
    pub async fn sign_in_options(&self, email: Option<&str>) -> Value {
        let form = email.map_or_else(|| json!({}), |email| json!({"email": email}));
        self.post("/v1/auth/webauthn/authenticate/options").json(&form).send().await.expect(200).json()
    }

    pub async fn sign_in_with(&self, options: &Value, credential: &Value) -> ApiResponse {
        let form = json!({"challenge_id": options["challenge_id"], "credential": credential});
        self.post("/v1/auth/webauthn/authenticate").json(&form).send().await
    }

    /// Signs in with a passkey without a name; the answer.
    pub async fn passkey_sign_in(&self, passkey: &mut SoftPasskey) -> ApiResponse {
        let options = self.sign_in_options(None).await;
        let credential = passkey.signs_in(&options["publicKey"]);
        self.sign_in_with(&options, &credential).await
    }
}
