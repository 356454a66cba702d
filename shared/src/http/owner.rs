//! Authority that depends on the owner of the resource in the path.
//!
//! The owner is read together with the caller's session. A resource without an owner is 404, and so is a resource of another person
//! for a caller without the permission.

use std::{marker::PhantomData, ops::Deref};

use super::{
    authority::{Authority, Can},
    call::Incoming,
    operation::OperationDoc,
    principal::Principal,
    problem::types,
};
use crate::{
    app::App,
    domain::{check::CheckError, id::UserId, role::RequiredPermission},
    error::{RequestError, Result},
    store::{item::Key, owner::OwnedResource},
};

/// The owner of the resource `R` in the path, or a caller who has the permission `P`; together with the resource.
#[derive(Debug)]
pub struct OwnerOr<P, R> {
    caller: Principal,
    owner: UserId,
    pub resource: R,
    permission: PhantomData<P>,
}

impl<P, R> OwnerOr<P, R> {
    pub const fn owner(&self) -> UserId {
        self.owner
    }

    pub fn is_owner(&self) -> bool {
        self.caller.is(&self.owner)
    }
}

impl<P, R> Deref for OwnerOr<P, R> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.caller
    }
}

impl<P: RequiredPermission + Send + 'static, R: OwnedResource> Authority for OwnerOr<P, R> {
    const AUTHENTICATED: bool = true;
    const READS_OWNER: bool = true;

    fn permit(incoming: &Incoming) -> Result<()> {
        incoming.principal().map(|_| ())
    }

    fn owner_key(incoming: &Incoming) -> Option<Key> {
        resource_id::<R>(incoming).as_ref().map(R::owner_key)
    }

    async fn admit(app: &'static App, incoming: &Incoming) -> Result<Self> {
        let caller = incoming.principal()?;
        let owner = owner(incoming)?;
        if !caller.is(&owner) && !caller.can::<P>() {
            return Err(RequestError::NotFound.into());
        }
        let id = resource_id::<R>(incoming).ok_or(RequestError::NotFound)?;
        let resource = R::load(app.store().await, &owner, id, incoming.meta.now).await?;
        let resource = resource.ok_or(RequestError::NotFound)?;
        Ok(Self { caller: caller.clone(), owner, resource, permission: PhantomData })
    }

    fn describe(doc: &mut OperationDoc) {
        doc.bearer(None);
    }
}

/// A caller who has the permission `P`, for a resource `R` of another person. Staff are refused their own resources
/// before the resource is read, so the response does not reveal its state.
#[derive(Debug)]
pub struct NotOwner<P, R> {
    caller: Principal,
    owner: UserId,
    permission: PhantomData<(P, R)>,
}

impl<P, R> NotOwner<P, R> {
    /// The owner of the resource.
    pub const fn owner(&self) -> UserId {
        self.owner
    }
}

impl<P, R> Deref for NotOwner<P, R> {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.caller
    }
}

impl<P: RequiredPermission + Send + 'static, R: OwnedResource> Authority for NotOwner<P, R> {
    const AUTHENTICATED: bool = true;
    const READS_OWNER: bool = true;

    fn permit(incoming: &Incoming) -> Result<()> {
        Can::<P>::permit(incoming)
    }

    fn owner_key(incoming: &Incoming) -> Option<Key> {
        resource_id::<R>(incoming).as_ref().map(R::owner_key)
    }

    async fn admit(_: &'static App, incoming: &Incoming) -> Result<Self> {
        let (caller, owner) = (incoming.principal()?, owner(incoming)?);
        if caller.is(&owner) {
            return Err(CheckError::OwnCheck.into());
        }
        Ok(Self { caller: caller.clone(), owner, permission: PhantomData })
    }

    fn describe(doc: &mut OperationDoc) {
        Can::<P>::describe(doc);
        doc.problem(&types::PERSON_REQUIRED);
    }
}

/// The id in the first path parameter.
fn resource_id<R: OwnedResource>(incoming: &Incoming) -> Option<R::Id> {
    incoming.path.get(incoming.route.path_parameters().next()?)?.parse().ok()
}

/// The owner, as read together with the session.
fn owner(incoming: &Incoming) -> Result<UserId> {
    incoming.loaded.owner.ok_or(RequestError::NotFound.into())
}
