//! The hash table behind dictionaries, sets, grouping and the like: .NET's order of enumeration, any equality comparer.

use apimite_dotnet::Thrown;
use apimite_dotnet::text::Comparison;
use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::library::text::comparers::{Comparer, hash_of};
use crate::run::Cx;
use crate::value::Value;

/// How keys are compared.
#[derive(Clone)]
pub(crate) enum Equality {
    /// `EqualityComparer<T>.Default`.
    Standard,
    /// A `StringComparer`.
    Strings(Comparison, Value),
    /// Any other `IEqualityComparer<T>`.
    Other(Value),
}

impl Equality {
    /// From an `IEqualityComparer<T>` argument; `null` is the default.
    pub(crate) fn of(value: &Value) -> Self {
        if value.is_null() || value.downcast::<super::comparers::DefaultComparer>().is_some() {
            return Self::Standard;
        }
        match value.downcast::<Comparer>() {
            Some(comparer) => Self::Strings(comparer.0, value.clone()),
            None => Self::Other(value.clone()),
        }
    }

    pub(crate) fn same(&self, cx: &mut Cx<'_>, a: &Value, b: &Value) -> Result<bool, Thrown> {
        match self {
            Self::Standard => cx.equals(a, b),
            Self::Strings(comparison, _) => Ok(match (a.as_str(), b.as_str()) {
                (Some(x), Some(y)) => comparison.equal(x, y),
                (None, None) => true,
                _ => false,
            }),
            Self::Other(comparer) => {
                Ok(cx.call_named("Equals", &mut [comparer.clone(), a.clone(), b.clone()])?.as_bool())
            }
        }
    }

    pub(crate) fn hash(&self, cx: &mut Cx<'_>, a: &Value) -> Result<u64, Thrown> {
        match self {
            Self::Standard => cx.hash(a),
            Self::Strings(comparison, _) => {
                Ok(a.as_str().map_or(0, |text| u64::from(hash_of(*comparison, text).cast_unsigned())))
            }
            Self::Other(comparer) => {
                let code = cx.call_named("GetHashCode", &mut [comparer.clone(), a.clone()])?.as_int();
                Ok(u64::from(code.cast_unsigned()))
            }
        }
    }

    /// The comparer as a value.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Standard => Value::object(super::comparers::DefaultComparer),
            Self::Strings(_, value) | Self::Other(value) => value.clone(),
        }
    }
}

pub(crate) struct Entry {
    hash: u64,
    pub(crate) key: Value,
    pub(crate) value: Value,
}

/// About what one key takes: its entry, its bucket, and the room that both tables keep free.
const ENTRY_BYTES: usize = 2 * size_of::<Entry>();

/// Keys with values.
pub(crate) struct Table {
    pub(crate) equality: Equality,
    pub(crate) entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    buckets: HashMap<u64, SmallVec<[usize; 1]>, ahash::RandomState>,
    pub(crate) version: u64,
}

impl Drop for Table {
    fn drop(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        crate::value::release::values(entries.into_iter().flatten().flat_map(|e| [e.key, e.value]));
    }
}

impl Table {
    pub(crate) fn new(equality: Equality) -> Self {
        Self { equality, entries: Vec::new(), free: Vec::new(), buckets: HashMap::default(), version: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(crate) fn find(&self, cx: &mut Cx<'_>, key: &Value) -> Result<Option<usize>, Thrown> {
        let hash = self.equality.hash(cx, key)?;
        let Some(bucket) = self.buckets.get(&hash) else { return Ok(None) };
        for index in bucket {
            if let Some(Some(entry)) = self.entries.get(*index)
                && self.equality.same(cx, &entry.key, key)?
            {
                return Ok(Some(*index));
            }
        }
        Ok(None)
    }

    /// Adds a key that is known to be absent; gives its place.
    pub(crate) fn add(&mut self, cx: &mut Cx<'_>, key: Value, value: Value) -> Result<usize, Thrown> {
        cx.charge(ENTRY_BYTES)?;
        let hash = self.equality.hash(cx, &key)?;
        self.version += 1;
        let entry = Some(Entry { hash, key, value });
        let index = match self.free.pop() {
            Some(index) => {
                self.entries[index] = entry;
                index
            }
            None => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
        };
        self.buckets.entry(hash).or_default().push(index);
        Ok(index)
    }

    pub(crate) fn remove(&mut self, index: usize) -> Option<Entry> {
        let entry = self.entries.get_mut(index)?.take()?;
        self.free.push(index);
        if let Some(bucket) = self.buckets.get_mut(&entry.hash) {
            bucket.retain(|i| *i != index);
        }
        if self.len() == 0 {
            self.entries.clear();
            self.free.clear();
            self.buckets.clear();
        }
        Some(entry)
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.free.clear();
        self.buckets.clear();
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Value> {
        self.entries.get(index)?.as_ref().map(|e| &e.value)
    }

    pub(crate) fn set(&mut self, index: usize, value: Value) {
        if let Some(Some(entry)) = self.entries.get_mut(index) {
            entry.value = value;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }
}
