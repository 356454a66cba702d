//! The admin area: one module per function; `endpoints` names them all.
