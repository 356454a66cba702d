//! The webhooks area: one module per function; `endpoints` names them all.
