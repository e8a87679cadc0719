//! `apimite eval -i` in a terminal: editing, history, completion, value and type. The terminal comes from Python's `pty` module.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::process::Command;

/// Plays keys into the program in a pseudo-terminal, each after the prompt is back, and prints all it shows.
const TERMINAL: &str = r#"
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], [sys.argv[1], "eval", "-i"])
shown = b""
def until(mark, since):
    global shown
    end = time.time() + 60
    while mark not in shown[since:] and time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                return
            if not more:
                return
            shown += more
until(b"> ", 0)
for keys, mark in [("1 + 2\r", b"System.Int32"), ("context.Request.Meth\t\r", b"System.String"), ("\x1b[A\r", b"System.String"),
                   ("1 + nothing\r", b"CS0103"), ("int.Parse(\"x\")\r", b"System.FormatException")]:
    since = len(shown)
    os.write(fd, keys.encode())
    until(mark, since)
    until(b"> ", shown.find(mark, since) if mark in shown[since:] else len(shown))
os.write(fd, b"\x04")
until(b"\x00", len(shown))
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn the_terminal_edits_completes_remembers_and_shows_types() {
    let played = Command::new("python3").args(["-c", TERMINAL, env!("CARGO_BIN_EXE_apimite")]).output();
    let Ok(played) = played else {
        eprintln!("SKIPPED: python3 is needed for a pseudo-terminal");
        return;
    };
    let shown = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{shown}\n{}", String::from_utf8_lossy(&played.stderr));
    assert!(shown.contains("3\r\nSystem.Int32"), "{shown:?}");
    assert!(shown.contains("> context.Request.Method"), "completion: {shown:?}");
    assert_eq!(shown.matches("GET\r\nSystem.String").count(), 2, "the arrow brings the line back: {shown:?}");
    assert!(shown.contains("CS0103"), "{shown:?}");
    assert!(shown.contains("System.FormatException: Input string was not in a correct format."), "{shown:?}");
}
