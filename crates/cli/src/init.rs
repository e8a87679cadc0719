//! `apimite init`

use std::process::ExitCode;

use crate::args::Init;

/// Writes the starter folder.
pub(crate) fn run(args: &Init) -> ExitCode {
    match apimite_import::starter::write(&args.folder) {
        Ok(files) => {
            println!("wrote {} files to {}", files.len(), args.folder.display());
            println!("next: apimite serve {}", args.folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
