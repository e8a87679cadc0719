//! Quotas survive a restart: changes are appended to a log twice a second, and the log is rewritten when it has grown.
//!
//! A process that is killed loses at most what it counted since the last append, half a second and the time of one write; never a whole
//! period. A log that ends in the middle of a record (a power cut) is read up to there. The file is locked: two gateways
//! cannot share one.

mod file;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use apimite_clock::{Clock, Timestamp};

use file::{LogFile, Record};

use crate::counters::Counters;
use crate::inspect::bounds_of;
use crate::key::{CounterKey, Variant};
use crate::memory::Memory;
use crate::sync::ledger::{Cell, Entry};
use crate::sync::{Ledger, NodeId};

/// Time between two appends.
const EVERY: Duration = Duration::from_millis(500);
/// A log smaller than this is not rewritten.
const SMALL: u64 = 1 << 20;

/// Why quotas cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PersistError {
    /// The file or its folder cannot be used.
    #[error("cannot keep quotas in `{file}`: {error}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Somebody else uses it.
    #[error("another process keeps its quotas in `{file}`: give each gateway a folder of its own")]
    Locked {
        /// The file.
        file: PathBuf,
    },
    /// It is something else.
    #[error("`{file}` is no quota log of this version: move it away")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
}

/// Keeps the quotas of one process in a file.
#[derive(Debug)]
pub(crate) struct QuotaLog {
    memory: Arc<Memory>,
    ledger: Option<Arc<Ledger>>,
    file: LogFile,
}

impl QuotaLog {
    /// Opens `folder/quotas.log` and loads what still counts into `counters`.
    pub(crate) fn open(folder: &Path, counters: &Counters, now: Timestamp) -> Result<Self, PersistError> {
        let (file, records) = LogFile::open(folder)?;
        let (memory, ledger) = (counters.store(), counters.ledger());
        for record in records.into_values() {
            let code = record.key.view().period;
            for (origin, cell) in record.cells {
                let bounds = bounds_of(code, cell.slot);
                let second = now.unix_seconds();
                // Periods that are over, or that only a clock that had been moved could reach.
                if cell.slot <= second || bounds.start_unix_seconds > second {
                    continue;
                }
                match &ledger {
                    None => memory.add_remote(&record.key, 0, cell.slot, cell.usage, now),
                    Some(ledger) => {
                        let entry = Entry { key: record.key, origin, generation: 0, limit: 0, cells: vec![cell] };
                        for cell in ledger.merge(&entry, now).cells {
                            memory.add_remote(&record.key, 0, cell.slot, cell.usage, now);
                        }
                    }
                }
            }
        }
        memory.journal_quotas();
        let mut log = Self { memory, ledger, file };
        log.rewrite(now)?;
        Ok(log)
    }

    /// What is to be written for a key.
    fn record(&self, key: CounterKey, now: Timestamp) -> Record {
        let cells = match &self.ledger {
            None => self.memory.quota_cell(&key).map(|cell| (NodeId(0), cell)).into_iter().collect(),
            Some(ledger) => {
                let entries = ledger.everything(&key, now);
                let cells = |entry: Entry| entry.cells.into_iter().map(move |cell| (entry.origin, cell));
                entries.into_iter().flat_map(cells).collect::<Vec<(NodeId, Cell)>>()
            }
        };
        Record { key, cells }
    }

    /// Appends what changed and makes sure that it is on the disk.
    pub(crate) fn flush(&mut self, now: Timestamp) -> Result<(), PersistError> {
        let keys = self.memory.take_unsaved();
        if keys.is_empty() {
            return Ok(());
        }
        let records: Vec<_> = keys.iter().map(|key| self.record(*key, now)).collect();
        if let Err(error) = self.file.append(&records) {
            self.memory.put_back_unsaved(keys);
            return Err(error);
        }
        if self.file.length() > SMALL && self.file.length() > 4 * self.file.length_after_rewrite() {
            self.rewrite(now)?;
        }
        Ok(())
    }

    /// Writes everything that counts into a new file, which then takes the old one's place.
    fn rewrite(&mut self, now: Timestamp) -> Result<(), PersistError> {
        let mut keys = Vec::new();
        self.memory.each(|bytes, entry| {
            if !entry.is_expired(bytes, now) {
                keys.extend(CounterKey::from_bytes(bytes).filter(|key| key.view().variant == Some(Variant::Fixed)));
            }
        });
        let records: Vec<_> = keys.into_iter().map(|key| self.record(key, now)).collect();
        self.file.rewrite(&records)
    }
}

/// Keeps quotas on disk for as long as it lives; dropping it writes what is left and ends its thread.
#[derive(Debug)]
pub struct QuotaKeeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl QuotaKeeper {
    /// Loads the quotas kept in `folder` into `counters`, and keeps them there from now on.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn start(folder: &Path, counters: &Counters, clock: Clock) -> Result<Self, PersistError> {
        let mut log = QuotaLog::open(folder, counters, clock.now())?;
        let (stop, stopped) = mpsc::channel();
        let name = "apimite-quotas".to_owned();
        let run = move || {
            let mut failing = false;
            loop {
                let last = !matches!(stopped.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout));
                match log.flush(clock.now()) {
                    Ok(()) if failing => {
                        failing = false;
                        tracing::info!("quotas are written to disk again");
                    }
                    Ok(()) => {}
                    Err(error) => {
                        if !failing {
                            tracing::error!(%error, "quotas are not written to disk, a restart would forget them");
                        }
                        failing = true;
                    }
                }
                if last {
                    return;
                }
            }
        };
        let spawned = std::thread::Builder::new().name(name).spawn(run);
        let thread = spawned.map_err(|error| PersistError::Io { file: folder.to_owned(), error })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for QuotaKeeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
