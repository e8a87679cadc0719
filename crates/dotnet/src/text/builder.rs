//! `System.Text.StringBuilder`.

use super::index::from_units;
use crate::Thrown;
use crate::messages::{INDEX_OUT_OF_RANGE, NEGATIVE, argument, index_out_of_range, out_of_range};

/// A text that can be changed; held as UTF-16 units, so that halves of pairs may come one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringBuilder {
    units: Vec<u16>,
    capacity: usize,
    most: usize,
}

impl Default for StringBuilder {
    fn default() -> Self {
        Self { units: Vec::new(), capacity: 16, most: MAX_CAPACITY }
    }
}

/// What grows a builder beyond its `MaxCapacity` throws.
#[derive(Clone, Copy)]
enum Growth<'a> {
    /// `ArgumentOutOfRangeException` naming the parameter.
    Range(&'a str),
    /// `OutOfMemoryException`, as `Insert` does.
    Memory,
}

const MAX_CAPACITY: usize = i32::MAX as usize;

impl StringBuilder {
    /// From a text.
    pub fn new(text: &str) -> Self {
        let mut builder = Self::default();
        builder.units.extend(text.encode_utf16());
        builder.grown();
        builder
    }

    /// `new StringBuilder(capacity, maxCapacity)`
    pub fn bounded(capacity: i32, most: i32) -> Result<Self, Thrown> {
        if capacity > most {
            return Err(out_of_range("Capacity exceeds maximum capacity.", "capacity"));
        }
        let most = usize::try_from(most)
            .ok()
            .filter(|most| *most >= 1)
            .ok_or_else(|| out_of_range("MaxCapacity must be one or greater.", "maxCapacity"))?;
        let capacity =
            usize::try_from(capacity).map_err(|_| out_of_range("'capacity' must be greater than zero.", "capacity"))?;
        Ok(Self { units: Vec::new(), capacity: if capacity == 0 { most.min(16) } else { capacity }, most })
    }

    /// `MaxCapacity`
    pub fn most(&self) -> usize {
        self.most
    }

    /// Tests that `more` units fit.
    fn room(&self, more: usize, growth: Growth<'_>) -> Result<(), Thrown> {
        if self.units.len().saturating_add(more) <= self.most {
            return Ok(());
        }
        Err(match growth {
            Growth::Range(name) => out_of_range("The length cannot be greater than the capacity.", name),
            Growth::Memory => crate::Exception::new(
                crate::ExceptionKind::OutOfMemory,
                "Insufficient memory to continue the execution of the program.",
            ),
        })
    }

    /// `Length`
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// `Capacity`; grows by doubling, as in .NET.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// `Capacity = value`
    pub fn set_capacity(&mut self, value: i32) -> Result<(), Thrown> {
        match usize::try_from(value) {
            Ok(value) if value > self.most => Err(out_of_range("Capacity exceeds maximum capacity.", "value")),
            Ok(value) if value >= self.units.len() => {
                self.capacity = value;
                Ok(())
            }
            Ok(_) => Err(out_of_range("capacity was less than the current size.", "value")),
            Err(_) => Err(out_of_range("Capacity must be positive.", "value")),
        }
    }

    fn grown(&mut self) {
        while self.capacity < self.units.len() && self.capacity < self.most {
            self.capacity = (self.capacity.max(1) * 2).max(16).min(self.most);
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        from_units(&self.units)
    }

    /// The units.
    pub fn units(&self) -> &[u16] {
        &self.units
    }

    /// `ToString(startIndex, length)`
    pub fn slice(&self, start: i32, length: i32) -> Result<String, Thrown> {
        let size = self.units.len() as i32;
        if start < 0 {
            return Err(out_of_range("StartIndex cannot be less than zero.", "startIndex"));
        }
        if start > size {
            return Err(out_of_range("startIndex cannot be larger than length of string.", "startIndex"));
        }
        if length < 0 {
            return Err(out_of_range("Length cannot be less than zero.", "length"));
        }
        if start > size - length {
            return Err(out_of_range("Index and length must refer to a location within the string.", "length"));
        }
        Ok(from_units(&self.units[start as usize..(start + length) as usize]))
    }

    /// `Append(string)`
    ///
    /// # Errors
    /// `ArgumentOutOfRangeException` when the text does not fit; likewise in the other members that grow it.
    pub fn append(&mut self, text: &str) -> Result<(), Thrown> {
        if text.len() > self.most.saturating_sub(self.units.len()) {
            self.room(text.encode_utf16().count(), Growth::Range("valueCount"))?;
        }
        if text.is_ascii() {
            self.units.extend(text.bytes().map(u16::from));
        } else {
            self.units.extend(text.encode_utf16());
        }
        self.grown();
        Ok(())
    }

    /// `Append(char, repeatCount)`
    pub fn append_unit(&mut self, unit: u16, count: i32) -> Result<(), Thrown> {
        let count =
            usize::try_from(count).map_err(|_| out_of_range("Count cannot be less than zero.", "repeatCount"))?;
        self.room(count, Growth::Range("repeatCount"))?;
        self.units.extend(std::iter::repeat_n(unit, count));
        self.grown();
        Ok(())
    }

    /// `Append(char[])`
    pub fn append_units(&mut self, units: &[u16]) -> Result<(), Thrown> {
        self.room(units.len(), Growth::Range("valueCount"))?;
        self.units.extend_from_slice(units);
        self.grown();
        Ok(())
    }

    /// `Insert(index, string, count)`
    pub fn insert(&mut self, at: i32, text: &str, count: i32) -> Result<(), Thrown> {
        let at = usize::try_from(at)
            .ok()
            .filter(|at| *at <= self.units.len())
            .ok_or_else(|| out_of_range(INDEX_OUT_OF_RANGE, "index"))?;
        let count = usize::try_from(count).map_err(|_| out_of_range(NEGATIVE, "count"))?;
        let units: Vec<u16> = text.encode_utf16().collect();
        self.room(units.len().saturating_mul(count), Growth::Memory)?;
        self.units.splice(at..at, units.repeat(count));
        self.grown();
        Ok(())
    }

    /// `Remove(startIndex, length)`
    pub fn remove(&mut self, start: i32, length: i32) -> Result<(), Thrown> {
        if length < 0 {
            return Err(out_of_range("Length cannot be less than zero.", "length"));
        }
        if start < 0 {
            return Err(out_of_range("StartIndex cannot be less than zero.", "startIndex"));
        }
        if length as usize > self.units.len().saturating_sub(start as usize) || start as usize > self.units.len() {
            return Err(out_of_range(INDEX_OUT_OF_RANGE, "length"));
        }
        self.units.drain(start as usize..(start + length) as usize);
        Ok(())
    }

    /// `Clear()`
    pub fn clear(&mut self) {
        self.units.clear();
    }

    /// `Length = value`
    pub fn set_length(&mut self, value: i32) -> Result<(), Thrown> {
        let value = usize::try_from(value).map_err(|_| out_of_range("Length cannot be less than zero.", "value"))?;
        self.room(value.saturating_sub(self.units.len()), Growth::Range("value"))?;
        self.units.resize(value, 0);
        self.grown();
        Ok(())
    }

    /// `this[index]`
    pub fn get(&self, index: i32) -> Result<u16, Thrown> {
        usize::try_from(index).ok().and_then(|at| self.units.get(at)).copied().ok_or_else(index_out_of_range)
    }

    /// `this[index] = value`
    pub fn put(&mut self, index: i32, unit: u16) -> Result<(), Thrown> {
        match usize::try_from(index).ok().and_then(|at| self.units.get_mut(at)) {
            Some(place) => {
                *place = unit;
                Ok(())
            }
            None => Err(out_of_range(INDEX_OUT_OF_RANGE, "index")),
        }
    }

    /// The part that `Replace(…, startIndex, count)` looks at.
    fn window(&self, start: i32, count: i32) -> Result<std::ops::Range<usize>, Thrown> {
        let size = self.units.len() as i32;
        if start < 0 || start > size {
            return Err(out_of_range(INDEX_OUT_OF_RANGE, "startIndex"));
        }
        if count < 0 || start > size - count {
            return Err(out_of_range(INDEX_OUT_OF_RANGE, "count"));
        }
        Ok(start as usize..(start + count) as usize)
    }

    /// `Replace(string, string, startIndex, count)`
    pub fn replace(&mut self, old: &str, new: &str, start: i32, count: i32) -> Result<(), Thrown> {
        let window = self.window(start, count)?;
        if old.is_empty() {
            return Err(argument("Empty name is not legal.", "oldValue"));
        }
        let old: Vec<u16> = old.encode_utf16().collect();
        let new: Vec<u16> = new.encode_utf16().collect();
        let mut out = self.units[..window.start].to_vec();
        let mut at = window.start;
        while at < window.end {
            if at + old.len() <= window.end && self.units[at..].starts_with(&old) {
                out.extend_from_slice(&new);
                at += old.len();
            } else {
                out.push(self.units[at]);
                at += 1;
            }
        }
        out.extend_from_slice(&self.units[window.end..]);
        self.room(out.len().saturating_sub(self.units.len()), Growth::Range("requiredLength"))?;
        self.units = out;
        self.grown();
        Ok(())
    }

    /// `Replace(char, char, startIndex, count)`
    pub fn replace_unit(&mut self, old: u16, new: u16, start: i32, count: i32) -> Result<(), Thrown> {
        let window = self.window(start, count)?;
        for unit in &mut self.units[window] {
            if *unit == old {
                *unit = new;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_is_changed_in_place() {
        let mut builder = StringBuilder::new("banana");
        builder.replace("an", "AN", 0, 6).unwrap();
        assert_eq!(builder.text(), "bANANa");
        builder.replace_unit(u16::from(b'A'), u16::from(b'o'), 0, 2).unwrap();
        builder.insert(0, "x", 2).unwrap();
        builder.remove(2, 1).unwrap();
        assert_eq!(builder.text(), "xxoNANa");
        builder.set_length(2).unwrap();
        builder.append_unit(0xD83D, 1).unwrap();
        builder.append_unit(0xDE00, 1).unwrap();
        assert_eq!(builder.text(), "xx😀");
        assert_eq!(builder.slice(1, 1).unwrap(), "x");
        assert_eq!((builder.len(), builder.capacity()), (4, 16));
    }

    #[test]
    fn places_outside_are_refused() {
        let mut builder = StringBuilder::new("abc");
        assert_eq!(
            builder.remove(2, 5).unwrap_err().message,
            "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'length')"
        );
        assert!(builder.insert(4, "x", 1).is_err() && builder.get(3).is_err() && builder.put(3, 0).is_err());
        assert!(builder.replace("", "x", 0, 3).is_err() && builder.set_length(-1).is_err());
    }
}
