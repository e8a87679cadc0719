//! Maps by resource id are written as lists of pairs: ids compare without case, keys of JSON objects do not.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ResourceId;

pub(crate) fn serialize<S: Serializer, T: Serialize>(
    map: &BTreeMap<ResourceId, T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map.iter())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<ResourceId, T>, D::Error> {
    Ok(Vec::<(ResourceId, T)>::deserialize(deserializer)?.into_iter().collect())
}
