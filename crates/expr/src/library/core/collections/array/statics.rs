//! `Array`'s static members: searching, sorting, copying.

use super::*;

fn array_of<'a>(a: &'a Args<'_>, at: usize, name: &str) -> Result<&'a ArrayObject, Thrown> {
    a.need(at, name)?.downcast::<ArrayObject>().ok_or_else(out_of_bounds)
}

fn span_of(a: &Args<'_>, from: i32, count: i32, length: usize) -> Result<(usize, usize), Thrown> {
    let _ = a;
    let start = usize::try_from(from).map_err(|_| {
        Exception::new(ExceptionKind::ArgumentOutOfRange, "Non-negative number required. (Parameter 'index')")
    })?;
    let count = usize::try_from(count).map_err(|_| {
        Exception::new(ExceptionKind::ArgumentOutOfRange, "Non-negative number required. (Parameter 'length')")
    })?;
    if start + count > length {
        return Err(Exception::new(
            ExceptionKind::Argument,
            "Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.",
        ));
    }
    Ok((start, start + count))
}

fn copy(a: &Args<'_>, from: i32, to: &ArrayObject, at: i32, count: i32) -> Result<Value, Thrown> {
    let source = array_of(a, 0, "sourceArray")?;
    let items: Vec<Value> = source.items.read().clone();
    let negative = |n: i32, name: &str| {
        usize::try_from(n).map_err(|_| {
            Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                format!("Non-negative number required. (Parameter '{name}')"),
            )
        })
    };
    let (from, at, count) =
        (negative(from, "sourceIndex")?, negative(at, "destinationIndex")?, negative(count, "length")?);
    if from + count > items.len() {
        return Err(Exception::new(
            ExceptionKind::Argument,
            "Source array was not long enough. Check the source index, length, and the array's lower bounds. (Parameter 'sourceArray')",
        ));
    }
    let mut own = to.items.write();
    if at + count > own.len() {
        return Err(too_short());
    }
    own[at..at + count].clone_from_slice(&items[from..from + count]);
    Ok(Value::Null)
}

fn elements(a: &Args<'_>) -> Result<Vec<Value>, Thrown> {
    Ok(array_of(a, 0, "array")?.items.read().clone())
}

fn at_or_minus_one(at: Option<usize>) -> Value {
    Value::Int(at.and_then(|i| i32::try_from(i).ok()).unwrap_or(-1))
}

fn search(cx: &mut Cx<'_>, a: &Args<'_>, backwards: bool) -> Result<Option<(usize, Value)>, Thrown> {
    let test = a.need(1, "match")?.clone();
    let mut items: Vec<(usize, Value)> = elements(a)?.into_iter().enumerate().collect();
    if backwards {
        items.reverse();
    }
    for (at, item) in items {
        if cx.test(&test, item.clone())? {
            return Ok(Some((at, item)));
        }
    }
    Ok(None)
}

fn sort(cx: &mut Cx<'_>, a: &Args<'_>, comparer: &Value, from: usize, to: usize) -> Result<Value, Thrown> {
    let array = array_of(a, 0, "array")?;
    let mut items = array.items.read().clone();
    let to = to.min(items.len());
    super::super::sort::sort_by(cx, &mut items[from.min(to)..to], |cx, x, y| {
        super::super::comparers::order(cx, comparer, x, y)
    })?;
    *array.items.write() = items;
    Ok(Value::Null)
}

fn dimension(a: &Args<'_>) -> Result<i32, Thrown> {
    let array = a.obj::<ArrayObject>(0)?;
    let length = usize::try_from(a.int(1)).ok().and_then(|i| array.lengths.get(i)).copied();
    Ok(i32::try_from(length.ok_or_else(out_of_bounds)?).unwrap_or(i32::MAX))
}

/// Where an item stands in a window of an array, forwards or backwards; -1 for nowhere.
fn index_in(cx: &mut Cx<'_>, a: &Args<'_>, window: std::ops::Range<usize>, backwards: bool) -> Result<Value, Thrown> {
    let items = elements(a)?;
    let mut places: Vec<usize> = window.collect();
    if backwards {
        places.reverse();
    }
    for at in places {
        cx.step()?;
        if cx.equals(&items[at], a.get(1))? {
            return Ok(at_or_minus_one(Some(at)));
        }
    }
    Ok(Value::Int(-1))
}

fn outside(name: &str) -> Thrown {
    Exception::new(
        ExceptionKind::ArgumentOutOfRange,
        format!(
            "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter '{name}')"
        ),
    )
}

/// A window forwards: from `start`, `count` elements long or to the end.
fn forwards(length: usize, start: i32, count: Option<i32>) -> Result<std::ops::Range<usize>, Thrown> {
    let start = usize::try_from(start).ok().filter(|start| *start <= length).ok_or_else(|| outside("startIndex"))?;
    let Some(count) = count else { return Ok(start..length) };
    let count = usize::try_from(count).ok().filter(|count| *count <= length - start).ok_or_else(|| outside("count"))?;
    Ok(start..start + count)
}

/// A window backwards: it ends at `start`, and is `count` elements long or begins with the first.
fn back(length: usize, start: i32, count: Option<i32>) -> Result<std::ops::Range<usize>, Thrown> {
    if length == 0 {
        return if matches!(start, -1 | 0) { Ok(0..0) } else { Err(outside("startIndex")) };
    }
    let start = usize::try_from(start).ok().filter(|start| *start < length).ok_or_else(|| outside("startIndex"))?;
    let Some(count) = count else { return Ok(0..start + 1) };
    let count = usize::try_from(count).ok().filter(|count| *count <= start + 1).ok_or_else(|| outside("count"))?;
    Ok(start + 1 - count..start + 1)
}

/// `FindIndex` and `FindLastIndex` in a window; the test is argument `test`.
fn find_in(
    cx: &mut Cx<'_>,
    a: &Args<'_>,
    test: usize,
    window: std::ops::Range<usize>,
    backwards: bool,
) -> Result<Value, Thrown> {
    let test = a.need(test, "match")?.clone();
    let items = elements(a)?;
    let mut places: Vec<usize> = window.collect();
    if backwards {
        places.reverse();
    }
    for at in places {
        if cx.call1(&test, items[at].clone())?.as_bool() {
            return Ok(at_or_minus_one(Some(at)));
        }
    }
    Ok(Value::Int(-1))
}

/// `BinarySearch` in a part of an array.
fn binary(
    cx: &mut Cx<'_>,
    a: &Args<'_>,
    from: usize,
    to: usize,
    value: usize,
    comparer: &Value,
) -> Result<Value, Thrown> {
    let items = elements(a)?;
    let found = super::super::sort::binary_search(cx, &items[from..to], a.get(value), comparer)?;
    let from = i32::try_from(from).unwrap_or(i32::MAX);
    Ok(Value::Int(if found < 0 { found - from } else { found + from }))
}

/// `Sort(keys, items)`
fn sort_pairs(cx: &mut Cx<'_>, a: &Args<'_>, comparer: &Value) -> Result<Value, Thrown> {
    let keys = a.need(0, "keys")?.downcast::<ArrayObject>().ok_or_else(out_of_bounds)?;
    let Some(values) = a.get(1).downcast::<ArrayObject>() else {
        return sort(cx, a, comparer, 0, usize::MAX);
    };
    let mut order: Vec<(Value, Value)> =
        keys.items.read().iter().cloned().zip(values.items.read().iter().cloned()).collect();
    if order.len() < keys.items.read().len() {
        return Err(Exception::new(
            ExceptionKind::Argument,
            "Keys and items must have the same number of elements, or items may be longer.",
        ));
    }
    let mut places: Vec<Value> = (0..order.len()).map(|at| Value::Int(i32::try_from(at).unwrap_or(i32::MAX))).collect();
    super::super::sort::sort_by(cx, &mut places, |cx, x, y| {
        super::super::comparers::order(cx, comparer, &order[x.as_int() as usize].0, &order[y.as_int() as usize].0)
    })?;
    let sorted: Vec<(Value, Value)> =
        places.iter().map(|at| std::mem::take(&mut order[at.as_int() as usize])).collect();
    for (at, (key, value)) in sorted.into_iter().enumerate() {
        keys.items.write()[at] = key;
        values.items.write()[at] = value;
    }
    Ok(Value::Null)
}

pub(super) static STATIC_ROWS: &[Row] = &[
    m("static int IndexOf<T>(T[] array, T value, int startIndex, int count)", |cx, a| {
        let window = forwards(elements(&a)?.len(), a.int(2), Some(a.int(3)))?;
        index_in(cx, &a, window, false)
    }),
    m("static int IndexOf(Array array, object value, int startIndex)", |cx, a| {
        let window = forwards(elements(&a)?.len(), a.int(2), None)?;
        index_in(cx, &a, window, false)
    }),
    m("static int IndexOf(Array array, object value, int startIndex, int count)", |cx, a| {
        let window = forwards(elements(&a)?.len(), a.int(2), Some(a.int(3)))?;
        index_in(cx, &a, window, false)
    }),
    m("static int LastIndexOf<T>(T[] array, T value, int startIndex)", |cx, a| {
        let window = back(elements(&a)?.len(), a.int(2), None)?;
        index_in(cx, &a, window, true)
    }),
    m("static int LastIndexOf<T>(T[] array, T value, int startIndex, int count)", |cx, a| {
        let window = back(elements(&a)?.len(), a.int(2), Some(a.int(3)))?;
        index_in(cx, &a, window, true)
    }),
    m("static int LastIndexOf(Array array, object value)", |cx, a| {
        let window = 0..elements(&a)?.len();
        index_in(cx, &a, window, true)
    }),
    m("static int FindIndex<T>(T[] array, int startIndex, Predicate<T> match)", |cx, a| {
        let window = forwards(elements(&a)?.len(), a.int(1), None)?;
        find_in(cx, &a, 2, window, false)
    }),
    m("static int FindIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)", |cx, a| {
        let window = forwards(elements(&a)?.len(), a.int(1), Some(a.int(2)))?;
        find_in(cx, &a, 3, window, false)
    }),
    m("static int FindLastIndex<T>(T[] array, int startIndex, Predicate<T> match)", |cx, a| {
        let window = back(elements(&a)?.len(), a.int(1), None)?;
        find_in(cx, &a, 2, window, true)
    }),
    m("static int FindLastIndex<T>(T[] array, int startIndex, int count, Predicate<T> match)", |cx, a| {
        let window = back(elements(&a)?.len(), a.int(1), Some(a.int(2)))?;
        find_in(cx, &a, 3, window, true)
    }),
    m("static int BinarySearch<T>(T[] array, T value, IComparer<T> comparer)", |cx, a| {
        let to = elements(&a)?.len();
        binary(cx, &a, 0, to, 1, a.get(2))
    }),
    m("static int BinarySearch<T>(T[] array, int index, int length, T value)", |cx, a| {
        let (from, to) = span_of(&a, a.int(1), a.int(2), elements(&a)?.len())?;
        binary(cx, &a, from, to, 3, &Value::Null)
    }),
    m("static int BinarySearch<T>(T[] array, int index, int length, T value, IComparer<T> comparer)", |cx, a| {
        let (from, to) = span_of(&a, a.int(1), a.int(2), elements(&a)?.len())?;
        binary(cx, &a, from, to, 3, a.get(4))
    }),
    m("static void Sort<T>(T[] array, int index, int length, IComparer<T> comparer)", |cx, a| {
        let (from, to) = span_of(&a, a.int(1), a.int(2), elements(&a)?.len())?;
        sort(cx, &a, a.get(3), from, to)
    }),
    m("static void Sort<TKey, TValue>(TKey[] keys, TValue[] items)", |cx, a| sort_pairs(cx, &a, &Value::Null)),
    m("static void Sort<TKey, TValue>(TKey[] keys, TValue[] items, IComparer<TKey> comparer)", |cx, a| {
        sort_pairs(cx, &a, a.get(2))
    }),
    m("static void Reverse(Array array, int index, int length)", |_, a| {
        let (from, to) = span_of(&a, a.int(1), a.int(2), elements(&a)?.len())?;
        array_of(&a, 0, "array")?.items.write()[from..to].reverse();
        Ok(Value::Null)
    }),
    m("static void Fill<T>(T[] array, T value, int startIndex, int count)", |_, a| {
        let window = forwards(elements(&a)?.len(), a.int(2), Some(a.int(3)))?;
        array_of(&a, 0, "array")?.items.write()[window].fill(a.get(1).clone());
        Ok(Value::Null)
    })
    .core_only(),
    m(
        "static void ConstrainedCopy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
        |_, a| copy(&a, a.int(1), array_of(&a, 2, "destinationArray")?, a.int(3), a.int(4)),
    ),
    m("static int IndexOf<T>(T[] array, T value)", |cx, a| {
        Ok(at_or_minus_one(index_of(cx, a.need(0, "array")?, a.get(1))?))
    }),
    m("static int IndexOf(Array array, object value)", |cx, a| {
        Ok(at_or_minus_one(index_of(cx, a.need(0, "array")?, a.get(1))?))
    }),
    m("static int IndexOf<T>(T[] array, T value, int startIndex)", |cx, a| {
        let window = forwards(elements(&a)?.len(), a.int(2), None)?;
        index_in(cx, &a, window, false)
    }),
    m("static int LastIndexOf<T>(T[] array, T value)", |cx, a| {
        for (at, item) in elements(&a)?.iter().enumerate().rev() {
            if cx.equals(item, a.get(1))? {
                return Ok(at_or_minus_one(Some(at)));
            }
        }
        Ok(Value::Int(-1))
    }),
    m("static bool Exists<T>(T[] array, Predicate<T> match)", |cx, a| {
        Ok(Value::Bool(search(cx, &a, false)?.is_some()))
    }),
    m("static T Find<T>(T[] array, Predicate<T> match)", |cx, a| {
        let found = search(cx, &a, false)?;
        Ok(found.map_or_else(|| crate::run::default_value(a.ty(0)), |(_, v)| v))
    }),
    m("static T FindLast<T>(T[] array, Predicate<T> match)", |cx, a| {
        let found = search(cx, &a, true)?;
        Ok(found.map_or_else(|| crate::run::default_value(a.ty(0)), |(_, v)| v))
    }),
    m("static int FindIndex<T>(T[] array, Predicate<T> match)", |cx, a| {
        Ok(at_or_minus_one(search(cx, &a, false)?.map(|(i, _)| i)))
    }),
    m("static int FindLastIndex<T>(T[] array, Predicate<T> match)", |cx, a| {
        Ok(at_or_minus_one(search(cx, &a, true)?.map(|(i, _)| i)))
    }),
    m("static T[] FindAll<T>(T[] array, Predicate<T> match)", |cx, a| {
        let test = a.need(1, "match")?.clone();
        let mut kept = Vec::new();
        for item in elements(&a)? {
            if cx.test(&test, item.clone())? {
                kept.push(item);
            }
        }
        Ok(array_value(a.ty(0), kept))
    }),
    m("static bool TrueForAll<T>(T[] array, Predicate<T> match)", |cx, a| {
        let test = a.need(1, "match")?.clone();
        for item in elements(&a)? {
            if !cx.test(&test, item)? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }),
    m("static TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Converter<TInput, TOutput> converter)", |cx, a| {
        let convert = a.need(1, "converter")?.clone();
        let mut out = Vec::new();
        for item in elements(&a)? {
            out.push(cx.call1(&convert, item)?);
        }
        Ok(array_value(a.ty(1), out))
    }),
    m("static void ForEach<T>(T[] array, Action<T> action)", |cx, a| {
        let action = a.need(1, "action")?.clone();
        for item in elements(&a)? {
            cx.call1(&action, item)?;
        }
        Ok(Value::Null)
    }),
    m("static void Sort<T>(T[] array)", |cx, a| sort(cx, &a, &Value::Null, 0, usize::MAX)),
    m("static void Sort(Array array)", |cx, a| sort(cx, &a, &Value::Null, 0, usize::MAX)),
    m("static void Sort<T>(T[] array, Comparison<T> comparison)", |cx, a| {
        let comparison = Value::object(super::super::comparers::DefaultOrder(Some(a.need(1, "comparison")?.clone())));
        sort(cx, &a, &comparison, 0, usize::MAX)
    }),
    m("static void Sort<T>(T[] array, IComparer<T> comparer)", |cx, a| {
        let comparer = a.get(1).clone();
        sort(cx, &a, &comparer, 0, usize::MAX)
    }),
    m("static void Sort<T>(T[] array, int index, int length)", |cx, a| {
        let (from, to) = span_of(&a, a.int(1), a.int(2), elements(&a)?.len())?;
        sort(cx, &a, &Value::Null, from, to)
    }),
    m("static void Reverse<T>(T[] array)", |_, a| {
        array_of(&a, 0, "array")?.items.write().reverse();
        Ok(Value::Null)
    }),
    m("static void Reverse(Array array)", |_, a| {
        array_of(&a, 0, "array")?.items.write().reverse();
        Ok(Value::Null)
    }),
    m("static void Reverse<T>(T[] array, int index, int length)", |_, a| {
        let (from, to) = span_of(&a, a.int(1), a.int(2), elements(&a)?.len())?;
        array_of(&a, 0, "array")?.items.write()[from..to].reverse();
        Ok(Value::Null)
    }),
    m("static int BinarySearch<T>(T[] array, T value)", |cx, a| {
        let items = elements(&a)?;
        Ok(Value::Int(super::super::sort::binary_search(cx, &items, a.get(1), &Value::Null)?))
    }),
    m("static void Copy(Array sourceArray, Array destinationArray, int length)", |_, a| {
        copy(&a, 0, array_of(&a, 1, "destinationArray")?, 0, a.int(2))
    }),
    m(
        "static void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)",
        |_, a| copy(&a, a.int(1), array_of(&a, 2, "destinationArray")?, a.int(3), a.int(4)),
    ),
    m("static void Clear(Array array, int index, int length)", |_, a| {
        let array = array_of(&a, 0, "array")?;
        let (from, to) = span_of(&a, a.int(1), a.int(2), array.items.read().len()).map_err(|_| out_of_bounds())?;
        let blank = crate::run::default_value(array.element());
        array.items.write()[from..to].fill(blank);
        Ok(Value::Null)
    }),
    m("static void Fill<T>(T[] array, T value)", |_, a| {
        array_of(&a, 0, "array")?.items.write().fill(a.get(1).clone());
        Ok(Value::Null)
    })
    .core_only(),
    m("static T[] Empty<T>()", |_, a| Ok(array_value(a.ty(0), Vec::new()))),
    m("static void Resize<T>(ref T[] array, int newSize)", |cx, mut a| {
        let size = usize::try_from(a.int(1)).map_err(|_| {
            Exception::new(ExceptionKind::ArgumentOutOfRange, "Non-negative number required. (Parameter 'newSize')")
        })?;
        cx.charge(size.saturating_mul(size_of::<Value>()))?;
        let mut items = a.get(0).downcast::<ArrayObject>().map(|o| o.items.read().clone()).unwrap_or_default();
        items.resize(size, crate::run::default_value(a.ty(0)));
        let element = a.ty(0);
        a.put(0, array_value(element, items));
        Ok(Value::Null)
    }),
    m("static System.Collections.ObjectModel.ReadOnlyCollection<T> AsReadOnly<T>(T[] array)", |_, a| {
        Ok(super::super::readonly::readonly_value(a.ty(0), a.need(0, "array")?.clone()))
    }),
    m("int GetLength(int dimension)", |_, a| Ok(Value::Int(dimension(&a)?))),
    m("int GetUpperBound(int dimension)", |_, a| Ok(Value::Int(dimension(&a)? - 1))),
    m("int GetLowerBound(int dimension)", |_, a| {
        dimension(&a)?;
        Ok(Value::Int(0))
    }),
    m("object GetValue(int index)", |_, a| {
        let array = a.obj::<ArrayObject>(0)?;
        let place = array.place(&a.from(1))?;
        Ok(array.items.read().get(place).cloned().unwrap_or_default())
    }),
    m("object GetValue(int index1, int index2)", |_, a| {
        let array = a.obj::<ArrayObject>(0)?;
        let place = array.place(&a.from(1))?;
        Ok(array.items.read().get(place).cloned().unwrap_or_default())
    }),
    m("void SetValue(object value, int index)", |cx, a| {
        let array = a.obj::<ArrayObject>(0)?;
        let place = array.place(&a.from(2))?;
        let value = cx.cast(a.get(1).clone(), array.element())?;
        if let Some(item) = array.items.write().get_mut(place) {
            *item = value;
        }
        Ok(Value::Null)
    }),
    m("object Clone()", |_, a| {
        let array = a.obj::<ArrayObject>(0)?;
        let items = array.items.read().clone();
        Ok(Value::object(ArrayObject { ty: array.ty, lengths: array.lengths.clone(), items: RwLock::new(items) }))
    }),
    m("void CopyTo(Array array, int index)", |cx, a| copy_into(cx, &a, 1, a.int(2))),
    p("bool IsFixedSize", |_, _| Ok(Value::Bool(true))),
    p("bool IsSynchronized", |_, _| Ok(Value::Bool(false))),
    p("object SyncRoot", |_, mut a| Ok(a.take(0))),
    m("void Initialize()", |_, _| Ok(Value::Null)),
    m("long GetLongLength(int dimension)", |_, a| Ok(Value::Long(i64::from(dimension(&a)?)))),
    m("static Array CreateInstance(Type elementType, int length)", |cx, a| {
        let element = a.obj::<TypeObject>(0)?.0;
        let Ok(length) = usize::try_from(a.int(1)) else {
            return Err(Exception::new(
                ExceptionKind::ArgumentOutOfRange,
                "Non-negative number required. (Parameter 'length')",
            ));
        };
        cx.charge(length.saturating_mul(size_of::<Value>()))?;
        Ok(array_value(element, vec![default_value(element); length]))
    }),
];
