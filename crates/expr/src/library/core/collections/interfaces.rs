//! The collection interfaces. Their members are carried out by the run-time type's member of the same name.

use crate::library::rows::{Sort, each, virt};
use crate::library::typedef::{TypeDef, interface};

pub use crate::library::core::enumerators::IENUMERATOR_OF;

/// `System.Collections.IEnumerable`
pub static IENUMERABLE: TypeDef = interface("System.Collections.IEnumerable")
    .unlisted()
    .rows(&[&[each("System.Collections.IEnumerator GetEnumerator()", |cx, a| {
        let this = a.get(0).clone();
        cx.iterate(&this)
    })]])
    .def();
/// `IEnumerable<T>`
pub static IENUMERABLE_OF: TypeDef = interface("System.Collections.Generic.IEnumerable<out T>")
    .implements("System.Collections.IEnumerable")
    .rows(&[&[each("IEnumerator<T> GetEnumerator()", |cx, a| {
        let this = a.get(0).clone();
        cx.iterate(&this)
    })]])
    .def();
/// `System.Collections.ICollection`
pub static ICOLLECTION: TypeDef = interface("System.Collections.ICollection")
    .implements("System.Collections.IEnumerable")
    .unlisted()
    .rows(&[&[virt(Sort::Get, "int Count")]])
    .def();
/// `System.Collections.IList`
pub static ILIST_PLAIN: TypeDef = interface("System.Collections.IList")
    .implements("System.Collections.ICollection")
    .unlisted()
    .rows(&[&[virt(Sort::Get, "object this[int index]"), virt(Sort::Set, "object this[int index]")]])
    .def();
/// `System.Collections.IDictionary`
pub static IDICTIONARY_PLAIN: TypeDef = interface("System.Collections.IDictionary")
    .implements("System.Collections.ICollection")
    .unlisted()
    .rows(&[&[virt(Sort::Get, "object this[object key]"), virt(Sort::Set, "object this[object key]")]])
    .def();
/// `ICollection<T>`
pub static ICOLLECTION_OF: TypeDef = interface("System.Collections.Generic.ICollection<T>")
    .implements("IEnumerable<T>")
    .rows(&[&[
        virt(Sort::Get, "int Count"),
        virt(Sort::Get, "bool IsReadOnly"),
        virt(Sort::Method, "void Add(T item)"),
        virt(Sort::Method, "void Clear()"),
        virt(Sort::Method, "bool Contains(T item)"),
        virt(Sort::Method, "void CopyTo(T[] array, int arrayIndex)"),
        virt(Sort::Method, "bool Remove(T item)"),
    ]])
    .def();
/// `IReadOnlyCollection<T>`
pub static IREADONLY_COLLECTION: TypeDef = interface("System.Collections.Generic.IReadOnlyCollection<out T>")
    .implements("IEnumerable<T>")
    .rows(&[&[virt(Sort::Get, "int Count")]])
    .def();
/// `IList<T>`
pub static ILIST: TypeDef = interface("System.Collections.Generic.IList<T>")
    .implements("ICollection<T>")
    .rows(&[&[
        virt(Sort::Get, "T this[int index]"),
        virt(Sort::Set, "T this[int index]"),
        virt(Sort::Method, "int IndexOf(T item)"),
        virt(Sort::Method, "void Insert(int index, T item)"),
        virt(Sort::Method, "void RemoveAt(int index)"),
    ]])
    .def();
/// `IReadOnlyList<T>`
pub static IREADONLY_LIST: TypeDef = interface("System.Collections.Generic.IReadOnlyList<out T>")
    .implements("IReadOnlyCollection<T>")
    .rows(&[&[virt(Sort::Get, "T this[int index]")]])
    .def();
/// `IDictionary<TKey, TValue>`
pub static IDICTIONARY: TypeDef = interface("System.Collections.Generic.IDictionary<TKey,TValue>")
    .implements("ICollection<KeyValuePair<TKey, TValue>>")
    .rows(&[&[
        virt(Sort::Get, "TValue this[TKey key]"),
        virt(Sort::Set, "TValue this[TKey key]"),
        virt(Sort::Get, "ICollection<TKey> Keys"),
        virt(Sort::Get, "ICollection<TValue> Values"),
        virt(Sort::Method, "void Add(TKey key, TValue value)"),
        virt(Sort::Method, "bool ContainsKey(TKey key)"),
        virt(Sort::Method, "bool Remove(TKey key)"),
        virt(Sort::Method, "bool TryGetValue(TKey key, out TValue value)"),
    ]])
    .def();
/// `IReadOnlyDictionary<TKey, TValue>`
pub static IREADONLY_DICTIONARY: TypeDef = interface("System.Collections.Generic.IReadOnlyDictionary<TKey,TValue>")
    .implements("IReadOnlyCollection<KeyValuePair<TKey, TValue>>")
    .rows(&[&[
        virt(Sort::Get, "TValue this[TKey key]"),
        virt(Sort::Get, "IEnumerable<TKey> Keys"),
        virt(Sort::Get, "IEnumerable<TValue> Values"),
        virt(Sort::Method, "bool ContainsKey(TKey key)"),
        virt(Sort::Method, "bool TryGetValue(TKey key, out TValue value)"),
    ]])
    .def();
/// `ISet<T>`
pub static ISET: TypeDef = interface("System.Collections.Generic.ISet<T>")
    .implements("ICollection<T>")
    .rows(&[&[
        virt(Sort::Method, "bool Add(T item)"),
        virt(Sort::Method, "void UnionWith(IEnumerable<T> other)"),
        virt(Sort::Method, "void IntersectWith(IEnumerable<T> other)"),
        virt(Sort::Method, "void ExceptWith(IEnumerable<T> other)"),
        virt(Sort::Method, "void SymmetricExceptWith(IEnumerable<T> other)"),
        virt(Sort::Method, "bool IsSubsetOf(IEnumerable<T> other)"),
        virt(Sort::Method, "bool IsSupersetOf(IEnumerable<T> other)"),
        virt(Sort::Method, "bool IsProperSubsetOf(IEnumerable<T> other)"),
        virt(Sort::Method, "bool IsProperSupersetOf(IEnumerable<T> other)"),
        virt(Sort::Method, "bool Overlaps(IEnumerable<T> other)"),
        virt(Sort::Method, "bool SetEquals(IEnumerable<T> other)"),
    ]])
    .def();
/// `IComparer<T>`
pub static ICOMPARER: TypeDef = interface("System.Collections.Generic.IComparer<in T>")
    .unlisted()
    .rows(&[&[virt(Sort::Method, "int Compare(T x, T y)")]])
    .def();
/// `IEqualityComparer<T>`
pub static IEQUALITY_COMPARER: TypeDef = interface("System.Collections.Generic.IEqualityComparer<in T>")
    .unlisted()
    .rows(&[&[virt(Sort::Method, "bool Equals(T x, T y)"), virt(Sort::Method, "int GetHashCode(T obj)")]])
    .def();
