//! Watches the configuration and reloads it on change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::running::Running;

/// How long files must be still before they are read: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(25);

/// Starts watching; dropping the watcher ends it. `None` when there is nothing to watch or the system cannot.
pub(super) fn watch(running: &Arc<Running>, side: &Runtime) -> Option<RecommendedWatcher> {
    let path = running.origin().watched()?.to_owned();
    let (sender, receiver) = mpsc::channel(1);
    let only = path.is_file().then(|| path.file_name().map(PathBuf::from)).flatten();
    let told = move |event: notify::Result<Event>| {
        let relevant = event.is_ok_and(|event| {
            let changes = !matches!(event.kind, EventKind::Access(_));
            let ours =
                only.as_ref().is_none_or(|name| event.paths.iter().any(|p| p.file_name() == Some(name.as_os_str())));
            changes && ours
        });
        if relevant {
            // A full channel means that a reload is due anyway.
            let _ = sender.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(told).ok()?;
    let folder: &Path = if path.is_file() {
        path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    } else {
        &path
    };
    let mode = if path.is_file() { RecursiveMode::NonRecursive } else { RecursiveMode::Recursive };
    if let Err(error) = watcher.watch(folder, mode) {
        eprintln!("warning: `{}` cannot be watched ({error}); `apimite reload` or SIGHUP reloads it", folder.display());
        return None;
    }
    side.spawn(reloads(running.clone(), receiver));
    Some(watcher)
}

async fn reloads(running: Arc<Running>, mut changes: mpsc::Receiver<()>) {
    while changes.recv().await.is_some() {
        tokio::time::sleep(SETTLE).await;
        while changes.try_recv().is_ok() {}
        let running = running.clone();
        let _ = tokio::task::spawn_blocking(move || running.reload_changed()).await;
    }
}
