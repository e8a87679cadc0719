//! `apimite simulate` on its own: `cargo run --release -p apimite-counters --example simulate -- --help`.

fn main() -> std::process::ExitCode {
    match apimite_counters::simulate::run(std::env::args().skip(1), &mut std::io::stdout()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
            std::process::ExitCode::FAILURE
        }
    }
}
