//! Reading policy documents and the C# in them: `cargo bench -p apimite-benches --bench document`.

#![allow(missing_docs, reason = "the functions are made by a macro")]

use std::fmt::Write;
use std::hint::black_box;

use apimite_diag::Source;
use apimite_document::{Element, Form, Limits, Node, Style, read, substitute, write, write_styled};
use apimite_expr::syntax::{parse_block, parse_expression, print_block};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A document of the usual size: four sections, three expressions.
const MEDIAN: &str = r#"<policies>
    <!-- limits each caller and names it to the backend -->
    <inbound>
        <base />
        <set-backend-service backend-id="orders" />
        <rate-limit-by-key calls="20" renewal-period="60" counter-key="@(context.Request.Headers.GetValueOrDefault("X-Caller", context.Request.IpAddress))" />
        <choose>
            <when condition="@(context.Request.Url.Query.ContainsKey("debug") && context.Product?.Name == "internal")">
                <set-header name="X-Debug" exists-action="override">
                    <value>{{debug-token}}</value>
                </set-header>
            </when>
            <otherwise>
                <set-query-parameter name="debug" exists-action="delete" />
            </otherwise>
        </choose>
    </inbound>
    <backend>
        <forward-request timeout="30" />
    </backend>
    <outbound>
        <base />
        <set-body>@{
            var body = context.Response.Body.As<JObject>(preserveContent: true);
            foreach (var name in new[] { "internalId", "shard", "trace" })
            {
                body.Property(name)?.Remove();
            }
            return body.ToString(Newtonsoft.Json.Formatting.None);
        }</set-body>
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>
"#;

/// A document near the limit of size, with an expression in every element.
fn large() -> String {
    let mut text = String::from("<policies>\n  <inbound>\n    <base />\n");
    for index in 0..400 {
        let _ = write!(
            text,
            "    <choose>\n      <when condition=\"@(((string)context.Variables[\"step{index}\"]).Length > {index} && \
             context.Request.Method != \"GET\")\">\n        <set-variable name=\"next{index}\" value=\"@{{\n          \
             // step {index}\n          var parts = context.Request.Url.Path.Split('/');\n          \
             return parts.Length > {index} ? $\"{{parts[{index}]}}-{{{{suffix}}}}\" : parts.Where(p => p != \"\").LastOrDefault();\n        \
             }}\" />\n      </when>\n    </choose>\n"
        );
    }
    text.push_str("  </inbound>\n  <backend><base /></backend>\n  <outbound><base /></outbound>\n  <on-error><base /></on-error>\n</policies>\n");
    text
}

fn islands(element: &Element, out: &mut Vec<(Form, String)>) {
    let values = element.attributes.iter().map(|attribute| attribute.value.clone()).chain([element.text()]);
    for value in values {
        out.extend(value.expression().map(|island| (island.form, island.code.to_owned())));
    }
    for child in &element.children {
        if let Node::Element(child) = child {
            islands(child, out);
        }
    }
}

fn documents(criterion: &mut Criterion) {
    let large = large();
    for (name, text) in [("median", MEDIAN), ("large", large.as_str())] {
        let mut group = criterion.benchmark_group("document");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("read", name), text, |bencher, text| {
            bencher.iter(|| read(Source::new("policy.xml", black_box(text)), Limits::CLASSIC));
        });
        let document = read(Source::new("policy.xml", text), Limits::CLASSIC);
        assert!(!document.has_errors());
        group.bench_with_input(BenchmarkId::new("substitute", name), &document, |bencher, document| {
            bencher.iter_batched_ref(
                || document.clone(),
                |document| substitute(document, &|_| Some("value".to_owned()), &|_| false),
                criterion::BatchSize::SmallInput,
            );
        });
        group.bench_with_input(BenchmarkId::new("write", name), &document, |bencher, document| {
            bencher.iter(|| write(black_box(document)));
        });
        group.bench_with_input(BenchmarkId::new("write_xml", name), &document, |bencher, document| {
            bencher.iter(|| write_styled(black_box(document), Style::Xml));
        });
        group.finish();
    }
}

fn expressions(criterion: &mut Criterion) {
    let large = large();
    for (name, text) in [("median", MEDIAN), ("large", large.as_str())] {
        let document = read(Source::new("policy.xml", text), Limits::CLASSIC);
        let mut codes = Vec::new();
        document.elements().for_each(|element| islands(element, &mut codes));
        let mut group = criterion.benchmark_group("csharp");
        group.throughput(Throughput::Bytes(codes.iter().map(|(_, code)| code.len() as u64).sum()));
        group.bench_with_input(BenchmarkId::new("parse", name), &codes, |bencher, codes| {
            bencher.iter(|| {
                for (form, code) in codes {
                    match form {
                        Form::Expression => black_box(parse_expression(code).1.len()),
                        Form::Block => black_box(parse_block(code).1.len()),
                    };
                }
            });
        });
        group.finish();
    }
    let block = "if (a.B<int>(c) > 1) { return $\"{x,5:N2} {y}\"; } foreach (var (k, v) in d) { f(k => v.Select(i => i * 2)); } return null;";
    let tree = parse_block(block).0;
    criterion.bench_function("csharp/print", |bencher| bencher.iter(|| print_block(black_box(&tree))));
}

criterion_group!(benches, documents, expressions);
criterion_main!(benches);
