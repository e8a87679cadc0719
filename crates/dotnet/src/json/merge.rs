//! `JContainer.Merge`.

use super::scalar::{JTokenType, Scalar};
use super::token::{JToken, NameMatch};
use crate::Thrown;

/// `MergeArrayHandling`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArrayHandling {
    /// Append.
    #[default]
    Concat,
    /// Append what is not there yet.
    Union,
    /// Take the other's elements only.
    Replace,
    /// Merge element by element.
    Merge,
}

/// `JsonMergeSettings`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeSettings {
    /// What happens to arrays.
    pub arrays: ArrayHandling,
    /// Do nulls replace values?
    pub nulls: bool,
    /// How names are compared.
    pub names: NameMatch,
}

impl JToken {
    /// `Merge(content, settings)`.
    ///
    /// # Errors
    /// As [`JToken::add`].
    pub fn merge(&self, other: &Self, settings: MergeSettings) -> Result<(), Thrown> {
        let mut work = vec![(self.clone(), other.clone())];
        while let Some((target, source)) = work.pop() {
            match target.kind() {
                JTokenType::Object if source.kind() == JTokenType::Object => {
                    merge_object(&target, &source, settings, &mut work)?;
                }
                kind @ (JTokenType::Array | JTokenType::Constructor) if source.kind() == kind => {
                    merge_items(&target, &source, settings, &mut work)?;
                }
                JTokenType::Property => {
                    if let Some(value) = source.property_value().filter(|value| value.kind() != JTokenType::Null) {
                        target.set_value(Some(&value))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn merge_object(
    target: &JToken,
    source: &JToken,
    settings: MergeSettings,
    work: &mut Vec<(JToken, JToken)>,
) -> Result<(), Thrown> {
    for (name, value) in source.entries() {
        let Some(property) = target.find_property(&name, settings.names) else {
            target.add_property(&name, Some(&value))?;
            continue;
        };
        match property.property_value().filter(|old| old.is_container() && old.kind() == value.kind()) {
            Some(old) => work.push((old, value)),
            None => {
                let null = value.kind() == JTokenType::Null || value.scalar().is_some_and(|v| v.is_null());
                if !null || settings.nulls {
                    property.set_value(Some(&value))?;
                }
            }
        }
    }
    Ok(())
}

fn merge_items(
    target: &JToken,
    source: &JToken,
    settings: MergeSettings,
    work: &mut Vec<(JToken, JToken)>,
) -> Result<(), Thrown> {
    let items = source.children();
    match settings.arrays {
        ArrayHandling::Concat => {
            for item in &items {
                target.add(item)?;
            }
        }
        ArrayHandling::Union => {
            for item in &items {
                if !target.children().iter().any(|old| old.deep_equals(item)) {
                    target.add(item)?;
                }
            }
        }
        ArrayHandling::Replace => {
            if !target.same(source) {
                target.clear()?;
                for item in &items {
                    target.add(item)?;
                }
            }
        }
        ArrayHandling::Merge => {
            for (at, item) in items.iter().enumerate() {
                match target.child(at) {
                    Some(old) if old.is_container() => work.push((old, item.clone())),
                    Some(old) => {
                        if !matches!(item.scalar(), Some(Scalar::Null)) {
                            old.replace(Some(item))?;
                        }
                    }
                    None => drop(target.add(item)?),
                }
            }
        }
    }
    Ok(())
}
