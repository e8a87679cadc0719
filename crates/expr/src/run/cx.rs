//! [`Cx`]: the state of one evaluation, and what library members may ask of it.

use std::any::{Any, TypeId};
use std::sync::Arc;

use apimite_diag::Span;
use apimite_dotnet::{Exception, ExceptionKind, Thrown, made};
use smallvec::SmallVec;

use super::host::Host;
use super::stack;
use super::text::Text;
use crate::emit::{Functions, Pending};
use crate::library::Registry;
use crate::value::{Each, Value};

/// What one evaluation may use up. Reaching a limit is a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps: calls, loop rounds, elements read from a sequence.
    pub steps: u64,
    /// Nested calls of lambdas and local functions; the thread's stack sets a limit of its own (one MiB of it).
    pub depth: u32,
    /// Bytes of text and collections made.
    pub memory_bytes: u64,
}

impl std::default::Default for Budget {
    fn default() -> Self {
        Self { steps: 10_000_000, depth: 10_000, memory_bytes: 256 << 20 }
    }
}

/// The state of one evaluation.
pub struct Cx<'h> {
    host: &'h dyn Host,
    registry: &'h Registry,
    /// Local variables of all active functions; `base` is where those of the current one start.
    pub(crate) stack: SmallVec<[Value; 8]>,
    pub(crate) base: usize,
    steps: u64,
    depth: u32,
    stack_base: usize,
    memory: u64,
    /// Charged since the last look at what was made.
    charged: u64,
    /// What this thread had made at that look.
    seen: u64,
    /// Follows .NET Framework where the generations differ.
    framework: bool,
    pub(crate) fault: Option<Span>,
    pub(crate) returned: Value,
    /// Exceptions being handled, for `throw;`.
    pub(crate) handling: Vec<Thrown>,
    /// The functions of the running program.
    pub(crate) functions: Option<Arc<Functions>>,
    /// Iterators that were let go before their end.
    pub(crate) pending: Option<Pending>,
    /// The iterator that is entered next is to leave at once.
    pub(crate) disposing: bool,
}

impl<'h> Cx<'h> {
    /// A fresh evaluation.
    pub fn new(host: &'h dyn Host, registry: &'h Registry, budget: Budget, framework: bool) -> Self {
        apimite_dotnet::regex::start_counting();
        Self {
            host,
            registry,
            stack: SmallVec::new(),
            base: 0,
            steps: budget.steps,
            depth: budget.depth,
            stack_base: stack::here(),
            memory: budget.memory_bytes,
            charged: 0,
            seen: made::so_far(),
            framework,
            fault: None,
            returned: Value::Null,
            handling: Vec::new(),
            functions: None,
            pending: None,
            disposing: false,
        }
    }

    /// The library.
    pub fn registry(&self) -> &'h Registry {
        self.registry
    }

    /// The embedder.
    pub fn embedder(&self) -> &'h dyn Host {
        self.host
    }

    /// Follow .NET Framework 4.x where it differs from .NET Core 3.0 and later?
    pub fn framework(&self) -> bool {
        self.framework
    }

    /// A part of the embedder, for its own rows.
    ///
    /// # Errors
    /// `InvalidOperationException` when the evaluation runs with another embedder than the rows were written for.
    pub fn host<T: Any>(&self) -> Result<&'h T, Thrown> {
        self.host.part(TypeId::of::<T>()).and_then(|part| part.downcast_ref()).ok_or_else(|| {
            Exception::new(
                ExceptionKind::InvalidOperation,
                "This expression needs a context that is not available here.",
            )
        })
    }

    /// Counts one step.
    ///
    /// # Errors
    /// A budget fault when there are none left.
    #[inline]
    pub fn step(&mut self) -> Result<(), Thrown> {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                if left % 64 == 0 { self.count_made() } else { Ok(()) }
            }
            None => Err(out_of("steps")),
        }
    }

    /// Counts bytes that a member is about to make; call it before making a text or collection of unbounded size.
    ///
    /// # Errors
    /// A budget fault when there are none left.
    #[inline]
    pub fn charge(&mut self, bytes: usize) -> Result<(), Thrown> {
        match self.memory.checked_sub(bytes as u64) {
            Some(left) => {
                self.memory = left;
                self.charged += bytes as u64;
                Ok(())
            }
            None => Err(out_of("memory")),
        }
    }

    /// Counts what was made since the last look and was not charged before: texts, objects and nodes are counted where they are
    /// made, so that a member which does not charge them is bounded all the same.
    ///
    /// # Errors
    /// A budget fault when there is no memory left.
    pub(crate) fn count_made(&mut self) -> Result<(), Thrown> {
        let now = made::so_far();
        let made = now.wrapping_sub(self.seen).saturating_sub(self.charged);
        self.seen = now;
        self.charged = 0;
        match self.memory.checked_sub(made) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => Err(out_of("memory")),
        }
    }

    /// Counts the memory that a member made for its result, and puts the fault in its place where it was too much. Short texts
    /// and numbers cost a test of their length.
    #[inline]
    pub(crate) fn count_result(&mut self, result: &mut Result<Value, Thrown>) {
        let made = match result {
            Ok(Value::Str(text)) => text.is_long(),
            Ok(Value::Object(_)) => true,
            _ => false,
        };
        if made && let Err(fault) = self.count_made() {
            *result = Err(fault);
        }
    }

    /// As [`Cx::count_result`], for a text.
    #[inline]
    pub(crate) fn count_text(&mut self, result: &mut Result<Text<'_>, Thrown>) {
        if let Ok(Text::Own(text)) = result
            && text.is_long()
            && let Err(fault) = self.count_made()
        {
            *result = Err(fault);
        }
    }

    /// Enters a nested call.
    ///
    /// # Errors
    /// A budget fault when calls are nested too deep, where .NET would overflow its stack.
    pub fn enter(&mut self) -> Result<(), Thrown> {
        match self.depth.checked_sub(1) {
            Some(left) if stack::used(self.stack_base) < stack::LIMIT_BYTES => {
                self.depth = left;
                Ok(())
            }
            _ => Err(out_of("call depth")),
        }
    }

    /// Tests that there is stack left: for library code that goes down into nested objects.
    ///
    /// # Errors
    /// A budget fault when there is too little.
    #[inline]
    pub fn guard(&self) -> Result<(), Thrown> {
        if stack::used(self.stack_base) < stack::LIMIT_BYTES { Ok(()) } else { Err(out_of("stack")) }
    }

    /// Leaves a nested call.
    pub fn leave(&mut self) {
        self.depth += 1;
    }

    /// Calls a delegate.
    ///
    /// # Errors
    /// What it throws; `NullReferenceException` for `null`.
    pub fn invoke(&mut self, delegate: &Value, args: &mut [Value]) -> Result<Value, Thrown> {
        let Value::Object(object) = delegate else { return Err(null_reference()) };
        let Some(callable) = object.callable() else { return Err(null_reference()) };
        callable.invoke(self, args)
    }

    /// Calls a delegate of one parameter.
    ///
    /// # Errors
    /// What it throws.
    pub fn call1(&mut self, delegate: &Value, arg: Value) -> Result<Value, Thrown> {
        let Value::Object(object) = delegate else { return Err(null_reference()) };
        let Some(callable) = object.callable() else { return Err(null_reference()) };
        callable.invoke1(self, arg)
    }

    /// Calls a delegate of one parameter that gives a `bool`.
    ///
    /// # Errors
    /// What it throws.
    pub fn test(&mut self, delegate: &Value, arg: Value) -> Result<bool, Thrown> {
        let Value::Object(object) = delegate else { return Err(null_reference()) };
        let Some(callable) = object.callable() else { return Err(null_reference()) };
        callable.test(self, arg)
    }

    /// Calls a delegate of two parameters.
    ///
    /// # Errors
    /// What it throws.
    pub fn call2(&mut self, delegate: &Value, a: Value, b: Value) -> Result<Value, Thrown> {
        self.invoke(delegate, &mut [a, b])
    }

    /// Reads a whole sequence, counting steps and memory.
    ///
    /// # Errors
    /// What the sequence throws.
    pub fn collect(&mut self, sequence: &Value) -> Result<Vec<Value>, Thrown> {
        let mut each: Each = self.iterate(sequence)?;
        let mut out = Vec::new();
        while let Some(value) = each.next(self)? {
            self.step()?;
            self.charge(size_of::<Value>())?;
            out.push(value);
        }
        Ok(out)
    }
}

fn out_of(what: &str) -> Thrown {
    Exception::new(ExceptionKind::Budget, format!("The expression ran out of {what}."))
}

/// `NullReferenceException` in .NET's words.
pub(crate) fn null_reference() -> Thrown {
    Exception::new(ExceptionKind::NullReference, "Object reference not set to an instance of an object.")
}
