//! A reader that closes its end early (`apimite check … | head`) sees no panic.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::process::{Command, Stdio};

#[test]
fn a_closed_pipe_does_not_change_the_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.xml");
    // More refusals than a pipe holds.
    let wrong = "<nonsense/>".repeat(5_000);
    std::fs::write(&policy, format!("<policies><inbound>{wrong}</inbound></policies>")).unwrap();
    for (stream, format) in [("stderr", "text"), ("stdout", "json")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apimite"));
        command.args(["check", "--format", format]).arg(&policy).stdout(Stdio::null()).stderr(Stdio::null());
        if stream == "stderr" {
            command.stderr(Stdio::piped());
        } else {
            command.stdout(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(1), "{format} to a closed {stream}");
    }
}
