//! Configuration into the model: APIOps folders, API definitions, raw policies, and `apimite.toml`.
//!
//! [`import`] reads a set of [`Files`] (a folder on disk or files in memory) and gives back a whole
//! [`Service`](apimite_model::Service), the local [`Settings`], everything that was found wrong, all in one run, and the
//! list of files it read. Nothing here compiles policies: their text goes into the model with its file name.
//!
//! ```
//! use apimite_import::{Memory, import};
//! let files = Memory::new()
//!     .with("apis/orders/apiInformation.json", r#"{"properties": {"path": "orders", "serviceUrl": "http://localhost:3000"}}"#)
//!     .with("apis/orders/specification.yaml", "openapi: 3.0.1\npaths: {/: {get: {operationId: list}}}\n");
//! let imported = import(&files, &|_| None);
//! assert!(!imported.diagnostics.has_errors());
//! assert_eq!(&*imported.service.apis[0].operations[0].id, "list");
//! ```

mod apiops;
mod certificates;
mod checks;
mod definition;
mod draft;
mod files;
pub mod generated;
mod import;
mod iso;
mod origin;
mod overlay;
mod problems;
mod quick;
mod reader;
mod resources;
pub mod sample;
pub mod settings;
mod stand_ins;
pub mod starter;
mod template;
mod text;
mod tree;
mod url;

pub use files::{Files, Folder, Memory};
pub use import::{Imported, import, import_folder};
pub use origin::{Origin, origins};
pub use overlay::Put;
pub use quick::{from_openapi, from_policy};
pub use reader::FileRead;
pub use settings::Settings;
pub use url::ECHO as ECHO_URL;

/// More threads than this do not help.
const MAX_THREADS: usize = 8;

/// How many threads share the reading of a large set.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
}
