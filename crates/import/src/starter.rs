//! The starter folder that `apimite init` writes.
