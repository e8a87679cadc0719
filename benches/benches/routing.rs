//! Routing: its cost must not grow with the number of APIs, and its tables must be made quickly at start.

use std::hint::black_box;
use std::sync::Arc;

use apimite_gateway::Router;
use apimite_gateway::router::Query;
use apimite_model::{Api, Operation, Service};
use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;

/// So many APIs of ten operations each.
fn service(apis: usize) -> Service {
    let mut service = Service::new("bench");
    for number in 0..apis {
        let mut api =
            Api::new(&format!("api-{number}"), &format!("team-{}/api-{number}", number % 17), "http://backend");
        for (index, template) in
            ["/", "/{id}", "/{id}/lines", "/{id}/lines/{line}", "/search?q={text}"].iter().enumerate()
        {
            for method in ["GET", "POST"] {
                api.operations.push(Arc::new(Operation::new(&format!("{method}-{index}"), method, template)));
            }
        }
        service.apis.push(Arc::new(api));
    }
    service
}

fn routing(criterion: &mut Criterion) {
    let headers = HeaderMap::new();
    let mut group = criterion.benchmark_group("routing/find");
    for apis in [10, 100, 1_000, 10_000] {
        let router = Router::new(&service(apis));
        let number = apis - 3;
        let path = format!("/team-{}/api-{number}/4711/lines/12", number % 17);
        let query = Query {
            host: "localhost",
            tls: true,
            websocket: false,
            method: "GET",
            path: &path,
            query: "a=b",
            headers: &headers,
        };
        assert!(router.find(&query).is_some_and(|route| route.operation.is_some()));
        group.bench_function(format!("{apis} APIs"), |bencher| bencher.iter(|| router.find(black_box(&query))));
    }
    group.finish();
    let thousand = service(1_000);
    criterion.bench_function("routing/build 1000 APIs of 10 operations", |bencher| {
        bencher.iter(|| Router::new(black_box(&thousand)));
    });
}

criterion_group!(benches, routing);
criterion_main!(benches);
