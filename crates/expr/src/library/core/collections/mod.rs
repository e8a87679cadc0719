//! Arrays, lists, dictionaries, sets, queues, stacks and their interfaces.

mod array;
pub(crate) mod comparers;
mod dictionary;
pub mod interfaces;
mod list;
mod queue;
mod readonly;
mod set;
pub(crate) mod sort;
pub(crate) mod table;

use super::super::TypeDef;

pub(crate) use array::out_of_bounds;
pub use array::{ARRAY, ArrayObject, array_value, bytes_value};
pub use dictionary::{DICTIONARY, DictionaryObject, dictionary_value};
pub use list::{LIST, ListObject, list_value};
pub use set::{SET, SetObject, set_value};

pub(crate) static TYPES: &[&TypeDef] = &[
    &DICTIONARY,
    &dictionary::KEYS,
    &dictionary::VALUES,
    &SET,
    &queue::QUEUE,
    &queue::STACK,
    &comparers::EQUALITY_COMPARER,
    &comparers::COMPARER,
    &readonly::READONLY,
    &ARRAY,
    &LIST,
    &interfaces::IENUMERABLE,
    &interfaces::IENUMERABLE_OF,
    &interfaces::ICOLLECTION,
    &interfaces::ICOLLECTION_OF,
    &interfaces::IREADONLY_COLLECTION,
    &interfaces::ILIST,
    &interfaces::IREADONLY_LIST,
    &interfaces::IDICTIONARY,
    &interfaces::IREADONLY_DICTIONARY,
    &interfaces::ISET,
    &interfaces::ICOMPARER,
    &interfaces::IEQUALITY_COMPARER,
    &interfaces::ILIST_PLAIN,
    &interfaces::IDICTIONARY_PLAIN,
];
