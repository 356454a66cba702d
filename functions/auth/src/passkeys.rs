//! What the routes of passkeys share: the relying party (WebAuthn Level 3), and answers of authenticators.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;
use verinym::{
    app::App,
    domain::{
        field::{FieldFault, InvalidField},
        passkey::PasskeyError,
        secret::Masked,
    },
    error::{Internal, RequestError, Result},
    store::passkey::VerifiedCredential,
};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{AuthenticationResult, Credential, Passkey, WebauthnError},
};

/// The relying party of the deployment. Pages of the application, and of origins that may call the API and lie within the domain
/// of passkeys, may use it.
pub fn relying_party(app: &App) -> Result<Webauthn> {
    let settings = app.config.passkeys()?;
    let origin: Url = settings.app_url.parse().map_err(Internal::bug)?;
    let builder = WebauthnBuilder::new(&settings.rp_id, &origin).map_err(Internal::bug)?.rp_name(&settings.product);
    let others: Vec<Url> = app.config.cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let builder = others.iter().fold(builder, WebauthnBuilder::append_allowed_origin);
    Ok(builder.build().map_err(Internal::bug)?)
}

/// The JSON of a browser's `PublicKeyCredential` (`toJSON()`), as a type of the library.
pub fn credential<T: DeserializeOwned>(json: Masked<Value>) -> Result<T, RequestError> {
    const MALFORMED: FieldFault =
        FieldFault::new("malformed_credential", "Must be what the browser's PublicKeyCredential.toJSON() returns.");
    serde_json::from_value(json.into_inner())
        .map_err(|_| RequestError::Invalid(vec![InvalidField::new("credential", MALFORMED)]))
}

/// The stored form of what the library keeps.
pub fn stored<T: Serialize>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value).map_err(Internal::bug)?)
}

pub fn restored<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_str(text).map_err(|_| Internal::corrupt("stored data of a passkey"))?)
}

/// A passkey after its registration.
pub fn registered(passkey: &Passkey) -> Result<VerifiedCredential> {
    let credential = Credential::from(passkey.clone());
    let (sign_count, synced) = (credential.counter, credential.backup_state);
    Ok(VerifiedCredential { verifier: stored(passkey)?, sign_count, synced })
}

/// A passkey after a sign-in.
pub fn used(mut passkey: Passkey, result: &AuthenticationResult) -> Result<VerifiedCredential> {
    passkey.update_credential(result);
    Ok(VerifiedCredential { verifier: stored(&passkey)?, sign_count: result.counter(), synced: result.backup_state() })
}

/// What is wrong with an answer is for the log only.
pub fn refused(error: &WebauthnError) -> PasskeyError {
    tracing::info!(%error, "the answer of an authenticator was refused");
    PasskeyError::Invalid
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

    use super::*;

    #[test]
    fn an_answer_that_is_none_is_a_fault_of_its_field() {
        for json in [json!(null), json!("x"), json!({}), json!({"id": "AA", "type": "public-key"})] {
            assert!(credential::<RegisterPublicKeyCredential>(Masked(json.clone())).is_err(), "{json}");
            assert!(credential::<PublicKeyCredential>(Masked(json.clone())).is_err(), "{json}");
        }
    }
}
