//! Answers by the vectors of their prompts: the nearest one is found by looking at all.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use apimite_clock::Timestamp;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;

/// Most answers that are kept.
const MOST: usize = 2000;
/// Most bytes of vectors and bodies that are kept.
const MOST_BYTES: usize = 64 << 20;
/// Most numbers of a vector.
const LONGEST: usize = 8192;

/// A kept answer.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

struct Entry {
    number: u64,
    vector: Vec<f32>,
    kept: Arc<Kept>,
    until: Timestamp,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.vector.len() * 4 + self.kept.body.len() + self.kept.headers.len() * 64
    }
}

#[derive(Default)]
struct Inner {
    partitions: HashMap<String, Vec<Entry>>,
    count: usize,
    bytes: usize,
    next: u64,
}

/// Kept answers, apart by partition.
#[derive(Default)]
pub(crate) struct Vectors(Mutex<Inner>);

/// The vector of length one in the same direction; `None` when it has none, or too many numbers.
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    if vector.len() > LONGEST {
        return None;
    }
    let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
    if !length.is_normal() {
        return None;
    }
    vector.iter_mut().for_each(|n| *n /= length);
    Some(vector)
}

/// One minus the cosine of the angle; vectors of unlike length are as far apart as can be.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    if a.len() != b.len() {
        return 2.0;
    }
    1.0 - a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>()
}

impl Vectors {
    /// The nearest answer, if it is near enough.
    pub(crate) fn find(&self, partition: &str, vector: &[f32], threshold: f32, now: Timestamp) -> Option<Arc<Kept>> {
        let inner = self.0.lock();
        let entries = inner.partitions.get(partition)?.iter().filter(|entry| entry.until > now);
        let nearest =
            entries.map(|entry| (distance(&entry.vector, vector), entry)).min_by(|(a, _), (b, _)| a.total_cmp(b))?;
        // A sum of rounded products of one and the same vector is not quite one.
        (nearest.0 <= threshold + 1e-5).then(|| Arc::clone(&nearest.1.kept))
    }

    /// Keeps an answer for a while; the oldest go when there is no room.
    pub(crate) fn keep(&self, partition: &str, vector: Vec<f32>, kept: Arc<Kept>, now: Timestamp, keep: Duration) {
        let mut inner = self.0.lock();
        let inner = &mut *inner;
        let entry = Entry { number: inner.next, vector, kept, until: now + keep };
        let bytes = entry.bytes();
        if bytes > MOST_BYTES {
            return;
        }
        inner.next += 1;
        if inner.count >= MOST || inner.bytes + bytes > MOST_BYTES {
            inner.make_room(bytes, now);
        }
        inner.count += 1;
        inner.bytes += bytes;
        inner.partitions.entry(partition.to_owned()).or_default().push(entry);
    }
}

impl Inner {
    /// Drops what has expired, then the older half of the rest until there is room.
    fn make_room(&mut self, wanted: usize, now: Timestamp) {
        self.retain(|entry| entry.until > now);
        while self.count >= MOST || self.bytes + wanted > MOST_BYTES {
            let mut numbers: Vec<u64> = self.partitions.values().flatten().map(|entry| entry.number).collect();
            numbers.sort_unstable();
            let Some(middle) = numbers.get(numbers.len() / 2).copied() else { return };
            self.retain(|entry| entry.number > middle);
        }
    }

    fn retain(&mut self, stays: impl Fn(&Entry) -> bool) {
        self.partitions.retain(|_, entries| {
            entries.retain(&stays);
            !entries.is_empty()
        });
        self.count = self.partitions.values().map(Vec::len).sum();
        self.bytes = self.partitions.values().flatten().map(Entry::bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn kept(text: &str) -> Arc<Kept> {
        Arc::new(Kept { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::from(text.to_owned()) })
    }

    fn body(found: Option<Arc<Kept>>) -> Option<String> {
        found.map(|kept| String::from_utf8_lossy(&kept.body).into_owned())
    }

    #[test]
    fn the_nearest_answer_of_the_partition_is_found_until_it_expires() {
        let (vectors, now) = (Vectors::default(), Timestamp::from_unix_seconds(0));
        vectors.keep("p", unit(vec![1.0, 0.0]).unwrap(), kept("east"), now, MINUTE);
        vectors.keep("p", unit(vec![1.0, 1.0]).unwrap(), kept("north-east"), now, MINUTE);
        let near = unit(vec![1.0, 0.9]).unwrap();
        assert_eq!(body(vectors.find("p", &near, 0.05, now)).as_deref(), Some("north-east"));
        assert_eq!(body(vectors.find("p", &unit(vec![-1.0, 0.0]).unwrap(), 0.05, now)), None);
        assert_eq!(body(vectors.find("other", &near, 0.05, now)), None);
        assert_eq!(body(vectors.find("p", &unit(vec![1.0]).unwrap(), 1.0, now)), None);
        assert_eq!(body(vectors.find("p", &near, 0.05, now + MINUTE)), None);
    }

    #[test]
    fn it_holds_so_many_answers_and_the_oldest_go_first() {
        let (vectors, now) = (Vectors::default(), Timestamp::from_unix_seconds(0));
        for number in 0..3 * MOST {
            vectors.keep(&format!("p{}", number % 7), vec![1.0], kept(&number.to_string()), now, MINUTE);
            assert!(vectors.0.lock().count <= MOST);
        }
        let last = 3 * MOST - 1;
        let found = vectors.0.lock().partitions[&format!("p{}", last % 7)].last().map(|entry| entry.number);
        assert_eq!(found, Some(last as u64));
    }

    #[test]
    fn what_is_no_direction_is_no_vector() {
        assert_eq!(unit(vec![0.0, 0.0]), None);
        assert_eq!(unit(Vec::new()), None);
        assert_eq!(unit(vec![f32::NAN]), None);
        assert_eq!(unit(vec![1.0; LONGEST + 1]), None);
    }
}
