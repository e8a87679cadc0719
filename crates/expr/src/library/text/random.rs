//! `System.Random`.

use std::any::Any;

use apimite_dotnet::Thrown;
use apimite_dotnet::numeric::random::Random;
use parking_lot::Mutex;

use crate::library::core::collections::ArrayObject;
use crate::library::rows::{Row, ctor, m};
use crate::library::typedef::{TypeDef, class};
use crate::types::Type;
use crate::value::{Object, Value};

/// A generator object.
struct Generator(Mutex<Random>);

impl Object for Generator {
    fn type_of(&self) -> Type {
        Type::of(&RANDOM)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn made(seed: i32) -> Value {
    Value::object(Generator(Mutex::new(Random::new(seed))))
}

#[expect(clippy::cast_possible_truncation, reason = "a seed has 32 bits")]
static ROWS: &[Row] = &[
    ctor("()", |cx, _| Ok(made(cx.embedder().random() as i32))).impure(),
    ctor("(int Seed)", |_, a| Ok(made(a.int(0)))).impure(),
    m("int Next()", |_, a| Ok(Value::Int(a.obj::<Generator>(0)?.0.lock().sample()))).impure(),
    m("int Next(int maxValue)", |_, a| a.obj::<Generator>(0)?.0.lock().next_below(a.int(1)).map(Value::Int)).impure(),
    m("int Next(int minValue, int maxValue)", |_, a| {
        a.obj::<Generator>(0)?.0.lock().next_between(a.int(1), a.int(2)).map(Value::Int)
    })
    .impure(),
    m("double NextDouble()", |_, a| Ok(Value::Double(a.obj::<Generator>(0)?.0.lock().next_double()))).impure(),
    m("void NextBytes(byte[] buffer)", |_, a| {
        a.need(1, "buffer")?;
        fill(&a.obj::<Generator>(0)?.0, a.obj::<ArrayObject>(1)?)
    })
    .impure(),
];

fn fill(random: &Mutex<Random>, array: &ArrayObject) -> Result<Value, Thrown> {
    let mut items = array.items_mut();
    let bytes = random.lock().next_bytes(items.len());
    for (item, byte) in items.iter_mut().zip(bytes) {
        *item = Value::Byte(byte);
    }
    Ok(Value::Null)
}

/// `System.Random`
pub static RANDOM: TypeDef = class("System.Random").rows(&[ROWS]).def();
