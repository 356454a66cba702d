//! Documents and identity checks: one module per function; [`endpoints`] lists them.

pub mod add_note;
pub mod attach_documents;
mod attached_documents;
pub mod cancel_check;
pub mod check_history;
pub mod claim_check;
pub mod create_check;
pub mod decide_check;
pub mod delete_document;
pub mod get_check;
pub mod get_document;
pub mod get_document_content;
pub mod list_checks;
pub mod list_documents;
mod note;
mod own_check;
mod range;
pub mod release_check;
pub mod status;
pub mod submit_check;
pub mod upload_document;

use verinym::http::Endpoint;

/// Every route of the area.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        upload_document::endpoint(),
        list_documents::endpoint(),
        get_document::endpoint(),
        get_document_content::endpoint(),
        delete_document::endpoint(),
        create_check::endpoint(),
        list_checks::endpoint(),
        get_check::endpoint(),
        check_history::endpoint(),
        attach_documents::endpoint(),
        submit_check::endpoint(),
        cancel_check::endpoint(),
        decide_check::endpoint(),
        claim_check::endpoint(),
        release_check::endpoint(),
        add_note::endpoint(),
        status::endpoint(),
    ]
}
