//! .NET regular expressions against the `regex` crate: a match should cost at most 50 ns more.

use std::sync::Arc;

use apimite_dotnet::regex::{Regex, RegexOptions};
use criterion::{Criterion, criterion_group, criterion_main};

const CASES: &[(&str, &str, &str)] = &[
    ("path", r"^/(?<api>[^/]+)/v(?<ver>\d+)/(?<rest>.*)$", "/orders/v2/items/17"),
    ("guid", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    ("max-age", r"max-age=(?<maxAge>\d+)", "public, no-transform, max-age=120"),
    ("literal", "application/json", "text/html, application/json; q=0.9"),
];

fn is_match(c: &mut Criterion) {
    let mut group = c.benchmark_group("regex/is_match");
    for (name, pattern, text) in CASES {
        let ours = Regex::new(pattern, RegexOptions::NONE);
        let theirs = regex::Regex::new(pattern);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            group.bench_function(format!("{name}/net"), |b| b.iter(|| ours.is_match(text)));
            group.bench_function(format!("{name}/crate"), |b| b.iter(|| theirs.is_match(text)));
        }
        group.bench_function(format!("{name}/net, cached"), |b| {
            b.iter(|| Regex::cached(pattern, RegexOptions::NONE).and_then(|regex| regex.is_match(text)));
        });
    }
    group.finish();
}

fn captures(c: &mut Criterion) {
    let mut group = c.benchmark_group("regex/captures");
    for (name, pattern, text) in CASES {
        let ours = Regex::new(pattern, RegexOptions::NONE);
        let theirs = regex::Regex::new(pattern);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            let input: Arc<str> = Arc::from(*text);
            group.bench_function(format!("{name}/net"), |b| {
                b.iter(|| ours.match_first(&input).map(|found| found.group(1).value().len()));
            });
            group.bench_function(format!("{name}/crate"), |b| {
                b.iter(|| theirs.captures(text).and_then(|found| found.get(1).map(|group| group.as_str().len())));
            });
        }
    }
    group.finish();
}

fn backtracking(c: &mut Criterion) {
    let mut group = c.benchmark_group("regex/backtracking");
    let pattern = r"(?<=\d)(?=(\d{3})+$)";
    if let Ok(ours) = Regex::new(pattern, RegexOptions::NONE) {
        group.bench_function("thousands", |b| b.iter(|| ours.replace("1234567890", ",", -1, None).map(|s| s.len())));
    }
    group.finish();
}

criterion_group!(benches, is_match, captures, backtracking);
criterion_main!(benches);
