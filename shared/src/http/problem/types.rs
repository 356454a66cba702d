//! The catalogue of problem types. Routes declare the ones they answer, the OpenAPI document and `docs/errors.md` are made from
//! it, and `GET /problems/{code}` serves it.

/// A kind of problem: what every answer of this kind has in common (RFC 9457 §3.1).
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemType {
    pub status: u16,
    /// Stable code for programs, and the last part of the `type` URI. Two types may share a code with different statuses.
    pub code: &'static str,
    pub title: &'static str,
    /// When the API answers this.
    pub meaning: &'static str,
    /// What the caller should do.
    pub remedy: &'static str,
}

macro_rules! problem_types {
    ($($name:ident = $status:literal $code:literal, $title:literal, $meaning:literal, $remedy:literal;)+) => {
        $(pub const $name: ProblemType =
            ProblemType { status: $status, code: $code, title: $title, meaning: $meaning, remedy: $remedy };)+

        /// All problem types, in the order of their statuses.
        pub const ALL: &[&ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    MALFORMED_REQUEST = 400 "malformed_request", "The request is malformed.",
        "The body is not JSON, is not an object, or a header has an invalid form. `detail` names the part.",
        "Correct the request. Sending it again unchanged fails again.";
    UNKNOWN_FIELD = 400 "unknown_field", "The request contains an unknown field.",
        "The body, the form or the query string has a field that this route does not have. `errors` names it. Unknown fields are \
         refused so that a misspelt field is not ignored.",
        "Remove or rename the field.";
    VALIDATION_FAILED = 400 "validation_failed", "Some fields are invalid.",
        "At least one field is missing or has a value that is not allowed. `errors` has each such field with a code and a message.",
        "Correct the fields. The codes are stable; the messages are for people.";
    INVALID_CURSOR = 400 "invalid_cursor", "The cursor is not valid for this list.",
        "A cursor is valid for the caller, the route and the filters of the list that it came from.",
        "Start again at the first page, without `cursor`.";
    INVALID_TOKEN = 400 "invalid_token", "The link is invalid, or was already used or replaced.",
        "The token of a mailed link is unknown. Each token works once, and a newer mail replaces it.",
        "Let the person ask for a new mail.";
    EXPIRED_TOKEN = 400 "expired_token", "The link has expired. Request a new one.",
        "Links to confirm an address work for 24 hours, links to set a password for one hour, links to undo a change of the address for \
         72 hours.",
        "Let the person ask for a new mail.";
    INVALID_AUTHORIZATION = 400 "invalid_authorization", "The sign-in at the provider is not valid, was already used or has expired.",
        "`state`, `binding` and `code` belong together, work once and within 10 minutes, and only in the browser that began. A \
         linking also needs the session that began it. What the provider gave for the code must fit too.",
        "Let the person begin again with `GET /v1/oauth/{provider}/authorize`.";
    CEREMONY_EXPIRED = 400 "ceremony_expired", "The options for the authenticator are void.",
        "Options are for one answer, within 5 minutes, and in the session that asked for them. Also void after another answer was \
         accepted.",
        "Ask for new options and let the person use the authenticator again.";
    WRONG_PASSWORD = 400 "invalid_credentials", "The password is wrong.",
        "The caller is identified already, by an access token or a mailed link, and the password of the body is wrong. The failure \
         counts towards the lock-out.",
        "Ask the person for the password again. Keep the session.";
    INVALID_CODE = 400 "invalid_code", "The code is wrong or was already used.",
        "The caller is signed in, and the code of the body is not the present one of the authenticator app, was used before, or is no \
         unused backup code. Ten wrong codes in an hour lock the second factor for a while.",
        "Ask the person for the next code. Keep the session.";
    DOCUMENTS_REQUIRED = 400 "documents_required", "At least one document is required.",
        "A check can only be submitted with the documents that its policy asks for.",
        "Upload a document and attach it to the check.";
    TOO_MANY_DOCUMENTS = 400 "too_many_documents", "At most 10 documents are allowed.",
        "A check has at most 10 documents.",
        "Attach fewer documents.";
    NAME_REQUIRED = 400 "name_required", "Your profile needs a given name and a family name.",
        "A check verifies the name of the profile, and the profile has none.",
        "Set `given_name` and `family_name` with `PATCH /v1/users/profile`, then submit again.";
    REASON_REQUIRED = 400 "reason_required", "At least one reason is required.",
        "A rejection and a request for documents need a reason, which the applicant receives.",
        "Send at least one of the reason codes in `reasons`.";
    UNAUTHENTICATED = 401 "unauthenticated", "Authentication is required.",
        "The access token is missing, expired or invalid, or its session has ended.",
        "Refresh the tokens with `POST /v1/auth/refresh`. If that fails, sign in again.";
    INVALID_CREDENTIALS = 401 "invalid_credentials", "The identifier or the password is wrong.",
        "The answer does not reveal whether the account exists. With enumeration protection, an account whose address is not \
         confirmed gets the same answer, and a new confirmation mail.",
        "Ask the person for both again. After five failures the identifier is locked for some minutes.";
    INVALID_CHALLENGE_CODE = 401 "invalid_code", "The code is wrong or was already used.",
        "The code is not the present one of the authenticator app, is no unused backup code, is not the last one that was sent, was \
         used before, or has expired. Five wrong codes end the challenge, ten in an hour lock the second factor for a while.",
        "Ask the person for the next code, and send it with the same challenge.";
    CHALLENGE_EXPIRED = 401 "challenge_expired", "The challenge is over. Sign in again.",
        "A challenge works once and within 5 minutes. Five wrong codes end it, and so does a new password.",
        "Sign in again with `POST /v1/auth/login`.";
    INVALID_PASSKEY = 401 "invalid_passkey", "The answer of the authenticator is not accepted.",
        "The passkey is unknown, was removed, did not verify its user, or its answer is for other options or another site. The answer \
         does not reveal which, nor whether an account exists.",
        "Ask for new options, or let the person sign in another way.";
    INVALID_REFRESH_TOKEN = 401 "invalid_refresh_token", "The refresh token is invalid. Sign in again.",
        "The refresh token is unknown or expired, or its session has ended.",
        "Sign in again.";
    REFRESH_TOKEN_REUSED = 401 "refresh_token_reused", "The refresh token was already used, so the session has ended. Sign in again.",
        "A refresh token works once; for 10 seconds a repetition gets the same new token. An older token may be a stolen copy, so \
         its use ends the session.",
        "Sign in again. Store the newest refresh token, and let one place of the client refresh.";
    INVALID_SIGNATURE = 401 "invalid_signature", "The signature is missing or wrong.",
        "The callback of a provider is not signed with a key that is configured here.",
        "Compare the signing keys on both sides.";
    STALE_SIGNATURE = 401 "stale_signature", "The signature is more than five minutes old, or from the future.",
        "The time in the signature differs from ours by more than five minutes, so the callback may be a recorded one.",
        "Send callbacks at once and keep the clock of the sender correct.";
    FORBIDDEN = 403 "forbidden", "You do not have permission to do this.",
        "The roles of the caller do not grant the permission that `detail` names.",
        "Let an administrator grant a role with this permission.";
    REAUTHENTICATION_REQUIRED = 403 "reauthentication_required", "Recent authentication is required.",
        "This route needs an authentication within the last five minutes, by both factors where the account has a second one; a refresh \
         does not count as one. For staff every route needs a session that proved the second factor.",
        "Send the password, and a code where needed, to `POST /v1/auth/reauthenticate`, then repeat the request with the new access \
         token.";
    MFA_ENROLLMENT_REQUIRED = 403 "mfa_enrollment_required", "Enroll a second factor first.",
        "The account has more than the role `user`, so it needs a second factor (parameter `StaffMfa`). Without one it can only read \
         `GET /v1/auth/me`, enroll, authenticate again and sign out.",
        "Enroll with `POST /v1/auth/mfa/setup` and `POST /v1/auth/mfa/activate`.";
    PERSON_REQUIRED = 403 "person_required", "A signed-in person must do this.",
        "The caller is a machine client. What belongs to a person, and decisions of reviewers, need a person.",
        "Call the route with the access token of a person.";
    BEYOND_OWN_PERMISSIONS = 403 "beyond_own_permissions", "You cannot give a permission that you lack.",
        "The request would give somebody a permission that the caller does not have.",
        "Let somebody with this permission do it.";
    OWN_ROLE = 403 "own_role", "You cannot change a role that you hold.",
        "The caller has the role, or a role that inherits it.",
        "Let somebody who does not hold the role do it.";
    OWN_ROLES = 403 "own_roles", "You cannot change your own roles.",
        "The account is that of the caller.",
        "Let another administrator do it.";
    OWN_ACCOUNT = 403 "own_account", "You cannot administer your own account.",
        "The account is that of the caller.",
        "Let another administrator do it, or use the routes of your own account.";
    MORE_PERMITTED = 403 "more_permitted", "The account may do more than you.",
        "The account has a permission that the caller does not have.",
        "Let somebody with all permissions of the account do it.";
    EMAIL_NOT_VERIFIED = 403 "email_not_verified", "The email address is not verified.",
        "The password is right, but the address was not confirmed. With enumeration protection, the answer is \
         `invalid_credentials` instead.",
        "Let the person open the link of the confirmation mail, or ask for a new one.";
    ACCOUNT_LOCKED = 403 "account_locked", "The account is locked.",
        "An administrator has locked the account.",
        "Let the person contact your support.";
    ACCOUNT_DEACTIVATED = 403 "account_deactivated", "The account is deactivated.",
        "The person deactivated the account more than 30 days ago.",
        "Let the person contact your support.";
    SIGN_IN_REFUSED = 403 "sign_in_refused", "The sign-in is refused.",
        "The password is right, or the provider vouches for the person, but the circumstances make it likely that somebody else signs in. \
         The owner of the account gets a mail.",
        "Let the person use a device that they trust, a passkey or a magic link, or set a new password by mail and sign in with it. Signing \
         in from the usual place may work too.";
    LINK_REQUIRED = 403 "link_required", "Sign in another way first, then link this account.",
        "No account is linked to this account of the provider, and the provider does not vouch for its address. The answer does not \
         reveal whether the address has an account here.",
        "Let the person sign in or register with a password, then link the account with `link=true`.";
    OWN_CHECK = 403 "own_check", "You cannot read or decide your own check.",
        "Staff neither read nor decide what belongs to their own check.",
        "Let another reviewer do it.";
    SAME_REVIEWER = 403 "same_reviewer", "A different reviewer must decide.",
        "The decision needs two reviewers, and you are the one who proposed it.",
        "Let another reviewer agree or disagree.";
    NOT_FOUND = 404 "not_found", "The resource does not exist.",
        "The path or the id is unknown, or the resource belongs to another person. The answer does not tell which.",
        "Check the path and the id, and who is signed in.";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed", "The path does not have this method.",
        "The path exists, but not with this method. The header `Allow` lists its methods.",
        "Use one of the methods in `Allow`.";
    EMAIL_TAKEN = 409 "email_taken", "An account with this email address exists.",
        "People learn it without enumeration protection only. With it, the answer is always 202, and the owner of the address gets a \
         mail. Staff and machine clients who create an account learn it in any case.",
        "Let the person sign in or reset the password.";
    EXTERNAL_ID_TAKEN = 409 "external_id_taken", "Another account has this external id.",
        "A machine client gives each of its external ids to one account.",
        "Find the account with `GET /v1/admin/users?external_id=`.";
    TOO_MANY_EMAIL_CHANGES = 409 "too_many_email_changes", "The address was changed three times within three days.",
        "The holder of each former address can undo its change for 72 hours. At most three changes can be undone at once.",
        "Let the person wait until the first of these 72 hours are over.";
    USERNAME_TAKEN = 409 "username_taken", "The username is taken.",
        "Another account has this username.",
        "Let the person choose another one.";
    MFA_ALREADY_ENABLED = 409 "mfa_already_enabled", "A second factor is enrolled already.",
        "An account has one authenticator app at a time.",
        "Remove it with `POST /v1/auth/mfa/disable` before another one is set up.";
    MFA_NOT_ENABLED = 409 "mfa_not_enabled", "No second factor is enrolled.",
        "There is no authenticator app whose codes could be renewed or removed.",
        "Enroll one with `POST /v1/auth/mfa/setup`.";
    NO_MFA_SETUP = 409 "no_mfa_setup", "No setup of a second factor waits for a code.",
        "A setup waits 10 minutes for its first code, and a later setup replaces it.",
        "Begin again with `POST /v1/auth/mfa/setup`.";
    SMS_NOT_OFFERED = 409 "sms_not_offered", "No text messages are sent to this number.",
        "The parameter `SmsCountries` does not name the country of the number. While it is empty, no text messages are sent at all.",
        "Offer the person an authenticator app or a passkey, or another number.";
    LAST_CREDENTIAL = 409 "last_credential", "The last way to sign in cannot be removed.",
        "Without it the person could not sign in any more.",
        "Let the person set a password or add another way to sign in, then remove this one.";
    LAST_ADMIN = 409 "last_admin", "The last administrator stays.",
        "No other account in use has the role `admin`, so nobody could administer the deployment any more.",
        "Give the role to somebody else first.";
    LINKED_ELSEWHERE = 409 "linked_elsewhere", "This account of the provider is linked to another account.",
        "An account of a provider belongs to one account here.",
        "Let the person sign in with it, or remove it from the other account first.";
    TOO_MANY_PASSKEYS = 409 "too_many_passkeys", "The person has ten passkeys, the most there may be.",
        "Each passkey is a way to sign in.",
        "Let the person remove one with `DELETE /v1/auth/webauthn/credentials/{id}` first.";
    PASSKEY_REGISTERED = 409 "passkey_registered", "The passkey is registered already.",
        "A credential of an authenticator belongs to one account.",
        "Let the person use another authenticator, or sign in with this passkey.";
    TOO_MANY_LINKED_ACCOUNTS = 409 "too_many_linked_accounts", "The person has ten linked accounts, the most there may be.",
        "Each linked account is a way to sign in.",
        "Let the person remove one with `DELETE /v1/oauth/accounts/{id}` first.";
    CHECK_IN_PROGRESS = 409 "check_in_progress", "A check is open.",
        "One check of a person is open at a time, and the verified fields of the profile cannot change meanwhile.",
        "Wait for the decision, or cancel the open check.";
    ILLEGAL_TRANSITION = 409 "illegal_transition", "The current state does not allow this.",
        "The check or the hit is in a state in which this operation is not possible, for example because it was decided.",
        "Read the resource again and decide by its current state.";
    NOT_SUBMITTED = 409 "not_submitted", "The check was not submitted.",
        "The person's data is kept with a check when it is submitted. This check is a draft, or was one when it was cancelled or expired.",
        "Wait until the person submits the check.";
    CLAIMED_BY_ANOTHER = 409 "claimed_by_another", "Another reviewer has claimed this check.",
        "A claim lasts 15 minutes. Until then only the reviewer who holds it decides.",
        "Take another check, or wait until the claim ends.";
    STEPS_MISSING = 409 "steps_missing", "A step of the policy has not passed.",
        "The check cannot be approved while a step that its policy requires has not passed.",
        "Wait for the step, request documents, or reject the check.";
    OPEN_HITS = 409 "open_hits", "The check has undecided hits.",
        "The check cannot be approved while a screening hit of the person is open.",
        "Decide the hits first.";
    TRUE_MATCH = 409 "true_match", "A check with a true match cannot be approved.",
        "A screening hit of the person was decided to be a true match.",
        "Reject the check, and follow your procedure for true matches.";
    DOCUMENT_IN_USE = 409 "document_in_use", "A submitted check uses this document.",
        "Documents of a submitted check are evidence and cannot be deleted.",
        "Keep the document: a check that was submitted rests on it.";
    SYSTEM_ROLE = 409 "system_role", "System roles cannot be made, changed or deleted.",
        "The name is `user`, `moderator`, `admin` or `auditor`.",
        "Make a role of another name, which may inherit the system role.";
    ROLE_NAME_TAKEN = 409 "role_name_taken", "There is a role of this name.",
        "Another role has the name.",
        "Choose another name, or change the existing role.";
    ROLE_IN_USE = 409 "role_in_use", "The role is in use.",
        "An account has the role, or another role inherits it.",
        "Take the role from its holders and from the roles that inherit it, then delete it.";
    TOO_MANY_ROLES = 409 "too_many_roles", "There are too many roles.",
        "A deployment has at most 100 roles of its own.",
        "Delete roles that nobody needs.";
    NO_SECRET = 409 "no_secret", "The client has no secret.",
        "The machine client authenticates by assertions that it signs with its own keys.",
        "Create a new client with the new keys, and delete this one.";
    TOO_MANY_WEBHOOKS = 409 "too_many_webhooks", "No more endpoints are allowed.",
        "A person or machine client has at most 10 endpoints, and at most 50 endpoints hear of everybody's events.",
        "Delete an endpoint that is not used any more.";
    WEBHOOK_DISABLED = 409 "webhook_disabled", "The endpoint is disabled.",
        "Nothing is sent to an endpoint that is not enabled.",
        "Enable it with `PUT /v1/webhooks/{id}`, then try again.";
    DELIVERY_PENDING = 409 "delivery_pending", "The delivery is being attempted already.",
        "An attempt of the delivery is due. `next_attempt_at` states when.",
        "Wait for the attempt.";
    IDEMPOTENCY_IN_PROGRESS = 409 "idempotency_in_progress", "The first request with this idempotency key is still being processed.",
        "Two requests with the same key arrived at the same time.",
        "Repeat the request with the same key after a moment.";
    ALREADY_DONE = 409 "already_done", "The request was already processed, but its response was not stored.",
        "A request with the same idempotency key was processed. Its response held secrets, so it was not stored.",
        "Read the resource to see the result. Do not repeat the request with another key.";
    CONFLICT = 409 "conflict", "Other requests changed the resource at the same time. Try again.",
        "The request met other requests for the same resource several times and was not processed.",
        "Repeat the request.";
    STALE_VERSION = 412 "stale_version", "The resource has changed since you read it.",
        "The entity tag in `If-Match` is not the one of the current version.",
        "Read the resource again, apply your change to it, and send the new entity tag.";
    PAYLOAD_TOO_LARGE = 413 "payload_too_large", "The request body is too large.",
        "The body is larger than the route allows. `detail` names the limit.",
        "Send a smaller body.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "The content type of the body is not supported.",
        "The header `Content-Type` is missing, is not the one of this route, or names a charset other than UTF-8. `detail` and the \
         header `Accept` name what the route takes.",
        "Send the body in that type, in UTF-8.";
    RANGE_NOT_SATISFIABLE = 416 "range_not_satisfiable", "The requested range is outside of the document.",
        "The header `Range` begins after the last byte. `Content-Range` has the size.",
        "Request a range within the size.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency_key_reused", "The idempotency key was used with a different request.",
        "Within 24 hours, a key belongs to one method, route and body.",
        "Use a new key for a new request.";
    IF_MATCH_REQUIRED = 428 "if_match_required", "The If-Match header is required.",
        "The route changes only the version that you have read, so it needs its entity tag.",
        "Read the resource and send its `ETag` as `If-Match`.";
    RATE_LIMITED = 429 "rate_limited", "Too many requests. Try again later.",
        "A rate limit of this route, or of the gateway, is reached. `RateLimit-Policy` describes a limit in the answers that it lets \
         pass; a refusal may have only `Retry-After`.",
        "Wait for the seconds in `Retry-After`. Repeated violations from one network double its wait, up to one hour.";
    TEMPORARILY_LOCKED = 429 "temporarily_locked", "Too many failed attempts. Try again later.",
        "Too many wrong passwords were tried for this identifier. While it is locked, the right password is refused as well.",
        "Wait for the seconds in `Retry-After`, or let the person reset the password.";
    TOO_MANY_CODES = 429 "too_many_codes", "Too many wrong codes. Try again later.",
        "Ten wrong codes of the second factor were given within an hour, over all challenges and sessions. While it is locked, the right \
         code is refused as well.",
        "Wait for the seconds in `Retry-After`. If the person did not give the codes, somebody else knows the password: let them reset it.";
    INTERNAL_ERROR = 500 "internal_error", "An internal error occurred.",
        "A fault on our side. It is logged with the correlation id.",
        "Repeat the request once; then report the correlation id to the operator.";
    PROVIDER_UNAVAILABLE = 503 "provider_unavailable", "The sign-in provider cannot be reached. Try again later.",
        "The provider did not answer in time, or fails so often that it is not called for a moment.",
        "Let the person sign in another way, or begin again after the seconds in `Retry-After`.";
    SMS_UNAVAILABLE = 503 "sms_unavailable", "Text messages cannot be sent at the moment. Use another method, or try again later.",
        "Sending text messages failed so often that it is not tried for a moment. Nothing was changed.",
        "Offer the person the other methods that the challenge names, or try again after the seconds in `Retry-After`.";
    UNAVAILABLE = 503 "unavailable", "The service is temporarily unavailable. Try again later.",
        "A service that the request needs did not answer in time. Nothing was changed, unless the request was processed and only \
         its answer was lost.",
        "Repeat the request after the seconds in `Retry-After`, with the same idempotency key if it had one.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_pair_of_status_and_code_occurs_once_and_statuses_ascend() {
        let pairs: BTreeSet<_> = ALL.iter().map(|one| (one.status, one.code)).collect();
        assert_eq!(pairs.len(), ALL.len());
        assert!(ALL.is_sorted_by_key(|one| one.status));
    }

    #[test]
    fn texts_are_whole_sentences() {
        for one in ALL {
            for text in [one.title, one.meaning, one.remedy] {
                assert!(text.starts_with(|c: char| c.is_uppercase() || c == '`'), "{}: {text}", one.code);
                assert!(text.ends_with('.'), "{}: {text}", one.code);
            }
        }
    }
}
