//! Numbers of documents, companies, vessels and wallets.
