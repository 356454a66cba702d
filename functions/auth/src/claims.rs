//! Claims of an account whose address was just confirmed.

use verinym::{
    domain::{auth::AuthError, id::UserId},
    store::{
        Table,
        commit::{Commit, WriteExpression},
        item::{Key, text},
    },
};

/// Makes a claim permanent if the user still holds it.
pub fn confirm<'a>(commit: Commit<'a>, claim: &Key, user: &UserId) -> Commit<'a> {
    let lasting = WriteExpression {
        update: "REMOVE unverified_until",
        condition: "#user = :user",
        names: &["user"],
        values: vec![(":user", text(user.to_string()))],
    };
    // Fails if the claim lapsed and another account took it.
    commit.update(Table::Identity, claim, &lasting, Some(AuthError::InvalidToken.into()))
}

/// Deletes a claim if the user still holds it.
pub fn release<'a>(commit: Commit<'a>, claim: &Key, user: &UserId) -> Commit<'a> {
    let own = WriteExpression {
        condition: "#user = :user",
        names: &["user"],
        values: vec![(":user", text(user.to_string()))],
        ..WriteExpression::default()
    };
    commit.delete(Table::Identity, claim, &own, None)
}
