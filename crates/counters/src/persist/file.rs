//! The log on disk: a line that says what it is, then records. A later record of a key replaces an earlier one.
//!
//! A record: length of the payload (4 bytes, little-endian), first 8 bytes of its SHA-256, payload. The payload: length of the key (1),
//! key, then for each gateway that counted its id, the end of the period, calls and bytes (8 bytes each).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;

use super::PersistError;
use crate::key::CounterKey;
use crate::limit::Usage;
use crate::sync::NodeId;
use crate::sync::ledger::Cell;

const MAGIC: &[u8] = b"apimite quotas, version 1\n";
const HEAD: usize = 12;
const CELL: usize = 32;
const LONGEST: usize = 1 << 20;

/// What is known of one quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) key: CounterKey,
    pub(super) cells: Vec<(NodeId, Cell)>,
}

impl Record {
    fn write(&self, into: &mut Vec<u8>) {
        let key = self.key.as_bytes();
        let mut payload = Vec::with_capacity(1 + key.len() + self.cells.len() * CELL);
        payload.push(key.len() as u8);
        payload.extend_from_slice(key);
        for (origin, cell) in &self.cells {
            payload.extend_from_slice(&origin.0.to_le_bytes());
            payload.extend_from_slice(&cell.slot.to_le_bytes());
            payload.extend_from_slice(&cell.usage.calls.to_le_bytes());
            payload.extend_from_slice(&cell.usage.bytes.to_le_bytes());
        }
        into.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        into.extend_from_slice(&checksum(&payload));
        into.extend_from_slice(&payload);
    }

    /// Reads the first record and what follows it; `None` at a damaged or cut one.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let length = u32::from_le_bytes(head.first_chunk::<4>().copied()?) as usize;
        if length > LONGEST {
            return None;
        }
        let (payload, rest) = rest.split_at_checked(length)?;
        if checksum(payload) != head[4..] {
            return None;
        }
        let (length, payload) = payload.split_first()?;
        let (key, cells) = payload.split_at_checked(usize::from(*length))?;
        let number = |bytes: &[u8], at: usize| -> Option<u64> {
            Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
        };
        let cells = cells
            .chunks(CELL)
            .map(|chunk| {
                let usage = Usage { calls: number(chunk, 16)?, bytes: number(chunk, 24)? };
                Some((NodeId(number(chunk, 0)?), Cell { slot: number(chunk, 8)? as i64, usage }))
            })
            .collect::<Option<Vec<_>>>()?;
        Some((Self { key: CounterKey::from_bytes(key)?, cells }, rest))
    }
}

fn checksum(payload: &[u8]) -> [u8; 8] {
    let digest = digest::digest(&digest::SHA256, payload);
    digest.as_ref().first_chunk::<8>().copied().unwrap_or_default()
}

/// The open log.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// Held for as long as the log is open.
    lock: File,
    length: u64,
    rewritten_length: u64,
}

impl LogFile {
    /// Opens or makes the log in `folder` and reads it.
    pub(super) fn open(folder: &Path) -> Result<(Self, BTreeMap<Vec<u8>, Record>), PersistError> {
        let path = folder.join("quotas.log");
        let io = |error| PersistError::Io { file: path.clone(), error };
        std::fs::create_dir_all(folder).map_err(io)?;
        let lock =
            OpenOptions::new().create(true).write(true).truncate(false).open(folder.join("quotas.lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PersistError::Locked { file: path }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let mut file =
            OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path).map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let mut records = BTreeMap::new();
        if !bytes.is_empty() {
            // A file cut within its first line is one that was just being made.
            let foreign = !bytes.starts_with(MAGIC) && !MAGIC.starts_with(&bytes);
            if foreign {
                return Err(PersistError::Foreign { file: path });
            }
            let mut rest = bytes.get(MAGIC.len()..).unwrap_or_default();
            while let Some((record, next)) = Record::read(rest) {
                records.insert(record.key.as_bytes().to_vec(), record);
                rest = next;
            }
            if !rest.is_empty() {
                tracing::warn!(file = %path.display(), bytes = rest.len(), "the quota log ends in a damaged record, what follows is not read");
            }
        }
        let length = bytes.len() as u64;
        Ok((Self { path, file, lock, length, rewritten_length: 0 }, records))
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How long the log was when it was last rewritten.
    pub(super) fn length_after_rewrite(&self) -> u64 {
        self.rewritten_length
    }

    fn failed(&self, error: std::io::Error) -> PersistError {
        PersistError::Io { file: self.path.clone(), error }
    }

    /// Appends records and waits until they are on the disk.
    pub(super) fn append(&mut self, records: &[Record]) -> Result<(), PersistError> {
        let mut bytes = Vec::new();
        records.iter().for_each(|record| record.write(&mut bytes));
        let written = self
            .file
            .seek(SeekFrom::Start(self.length))
            .and_then(|_| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| self.failed(error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Replaces the log by one that holds `records` alone.
    pub(super) fn rewrite(&mut self, records: &[Record]) -> Result<(), PersistError> {
        let mut bytes = MAGIC.to_vec();
        records.iter().for_each(|record| record.write(&mut bytes));
        let new = self.path.with_extension("new");
        let replaced = (|| {
            let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(true).open(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&new, &self.path)?;
            if let Some(folder) = self.path.parent() {
                File::open(folder)?.sync_all()?;
            }
            Ok(file)
        })();
        self.file = replaced.map_err(|error| self.failed(error))?;
        self.length = bytes.len() as u64;
        self.rewritten_length = self.length;
        Ok(())
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Kind, Variant};

    fn record(value: &str, calls: u64) -> Record {
        let key = CounterKey::new(Kind::Quota, "s", value).sealed(Variant::Fixed, 60);
        Record { key, cells: vec![(NodeId(calls), Cell { slot: 99, usage: Usage { calls, bytes: 1 } })] }
    }

    #[test]
    fn a_log_cut_anywhere_is_read_up_to_the_last_whole_record() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, none) = LogFile::open(folder.path()).unwrap();
        assert!(none.is_empty());
        log.rewrite(&[record("a", 1)]).unwrap();
        let after_first = log.length();
        log.append(&[record("b", 2)]).unwrap();
        let after_second = log.length();
        log.append(&[record("a", 3)]).unwrap();
        drop(log);
        let whole = std::fs::read(folder.path().join("quotas.log")).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(folder.path().join("quotas.log"), &whole[..cut]).unwrap();
            let (_log, records) = LogFile::open(folder.path()).unwrap();
            let calls = |name: &str| {
                let key = record(name, 0).key;
                records.get(key.as_bytes()).map(|record| record.cells[0].1.usage.calls)
            };
            let at = cut as u64;
            let expected_a = if at < after_first {
                None
            } else if cut < whole.len() {
                Some(1)
            } else {
                Some(3)
            };
            assert_eq!(calls("a"), expected_a, "cut at {cut}");
            assert_eq!(calls("b"), (at >= after_second).then_some(2), "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_reading_and_a_foreign_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = LogFile::open(folder.path()).unwrap();
        log.rewrite(&[record("a", 1), record("b", 2)]).unwrap();
        assert!(matches!(LogFile::open(folder.path()), Err(PersistError::Locked { .. })));
        drop(log);
        let path = folder.path().join("quotas.log");
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(LogFile::open(folder.path()).unwrap().1.len(), 1);
        std::fs::write(&path, "something else, and long enough").unwrap();
        assert!(matches!(LogFile::open(folder.path()), Err(PersistError::Foreign { .. })));
    }
}
