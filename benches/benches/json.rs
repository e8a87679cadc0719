//! JSON bodies: reading 1 KB with three look-ups (aim: under 6 µs), writing it back, one JSONPath.

use apimite_dotnet::json::{Formatting, JPath, NameMatch, parse_object};
use criterion::{Criterion, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An order of about 1 KB.
fn order() -> String {
    let lines: Vec<String> = (0..8)
        .map(|n| format!("{{\"sku\":\"A-{n:04}\",\"name\":\"Bolt, hexagonal, {n} mm\",\"qty\":{n},\"price\":{n}.99,\"gift\":false}}"))
        .collect();
    format!(
        "{{\"orderId\":1001,\"placedAt\":\"2024-02-29T12:34:56Z\",\"customer\":{{\"name\":\"Zoë Example\",\"email\":\"zoe@example.com\",\
         \"vip\":true,\"discount\":null}},\"lines\":[{}],\"tags\":[\"new\",\"web\"],\"total\":124.98,\
         \"notes\":\"Leave the parcel at the door, please; the bell is broken since last week.\",\"status\":\"open\"}}",
        lines.join(",")
    )
}

fn read(c: &mut Criterion) {
    let text = order();
    c.bench_function(&format!("json/read {} bytes, three look-ups", text.len()), |b| {
        b.iter(|| {
            let order = parse_object(&text).ok()?;
            let customer = order.get("customer", NameMatch::Exact)?;
            let email = customer.get("email", NameMatch::Exact)?.to_text();
            Some((order.get("status", NameMatch::Exact)?.to_text(), email))
        });
    });
}

fn write(c: &mut Criterion) {
    if let Ok(order) = parse_object(&order()) {
        c.bench_function("json/write", |b| b.iter(|| order.to_json(Formatting::None).len()));
        c.bench_function("json/select", |b| {
            b.iter(|| JPath::new("$.lines[?(@.qty > 3)].sku").and_then(|path| order.select_tokens(&path, false)));
        });
    }
}

criterion_group!(benches, read, write);
criterion_main!(benches);
