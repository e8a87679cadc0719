//! What reading a configuration costs: the built-in sample, and 1,000 APIs of 10 operations with policies.

#![allow(missing_docs, reason = "criterion makes public functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn import(c: &mut Criterion) {
    let sample = apimite_import::sample::files();
    c.bench_function("import sample", |b| b.iter(|| black_box(apimite_import::import(&sample, &|_| None))));
    let large = apimite_import::generated::set(1_000, 10);
    let mut group = c.benchmark_group("import 1000 APIs of 10 operations");
    group.sample_size(10);
    group.bench_function("from memory", |b| b.iter(|| black_box(apimite_import::import(&large, &|_| None))));
    group.finish();
}

criterion_group!(benches, import);
criterion_main!(benches);
