use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use apimite_clock::{Clock, Timestamp};
use apimite_policy::exchange::{Exchange, Request};
use apimite_policy::target::Target;
use apimite_policy::url::Url;
use http::Method;

use super::*;

fn exchange() -> Exchange {
    let url = Url::parse("https://contoso.azure-api.net/api/a?b=1").unwrap();
    let target = Arc::new(Target::parse("http://backend.example/base", None).unwrap());
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut request = Request::new(Method::GET, url, target, http::uri::PathAndQuery::from_static("/a"), ip);
    request.headers.insert("x-one", http::HeaderValue::from_static("1"));
    let service = Arc::new(apimite_model::Service::new("contoso"));
    let mut exchange =
        Exchange::new(service, request, uuid::Uuid::nil(), Clock::manual(Timestamp::from_unix_seconds(1_709_208_000)));
    exchange.variables.set(&Arc::from("who"), apimite_expr::Value::from("Ann".to_owned()));
    exchange
}

fn with(template: &str, body: &Bound) -> String {
    let template = Template::read(template).unwrap();
    let options = Options { nil_is_null: false, dates: true };
    render(&template, body, options, &exchange(), Budget::default()).unwrap()
}

fn json(template: &str, body: &str) -> String {
    with(template, &Bound::Json(apimite_dotnet::json::parse(body).unwrap()))
}

fn xml(template: &str, body: &str) -> String {
    let root = apimite_dotnet::xml::parse_element(body, apimite_dotnet::xml::LoadOptions::None).unwrap();
    with(template, &Bound::Xml(root))
}

fn plain(template: &str) -> String {
    with(template, &Bound::Nothing)
}

#[test]
fn members_items_and_what_is_missing() {
    let body = r#"{"a": {"b": [1, 2.5, true, null, "x"]}, "n": {"k": "v"}}"#;
    assert_eq!(
        json("{{body.a.b[0]}} {{ body.a.b[1] }} {{body['a'].b[2]}}|{{body.a.b[3]}}|{{body.a.b[-1]}}", body),
        "1 2.5 true||x"
    );
    assert_eq!(json("{{body.missing.more}}{{missing}}.{{body.a.b.Size}}.{{body.a.b.first}}", body), ".5.1");
    assert_eq!(json("{% for p in body.n %}{{p.Key}}={{p.Value}}{{p[0]}}{% endfor %}", body), "k=vk");
}

#[test]
fn tables_have_rows_and_cells() {
    let table = "{% tablerow n in (1..3) cols:2 %}{{n}}{{tablerowloop.col}}{{tablerowloop.col_last}}{% endtablerow %}";
    assert_eq!(
        plain(table),
        "<tr class=\"row1\">\r\n<td class=\"col1\">11false</td><td class=\"col2\">22true</td></tr>\r\n\
         <tr class=\"row2\"><td class=\"col1\">31false</td></tr>\r\n"
    );
    assert_eq!(plain("{% tablerow n in nothing %}x{% endtablerow %}"), "<tr class=\"row1\">\r\n</tr>\r\n");
    assert_eq!(plain("{% block a %}b{% endblock %}c"), "bc");
}

#[test]
fn the_filters_do_as_dotliquid_does() {
    for (template, wanted) in [
        ("{{ 'a b' | Upcase | Append: '!' }}", "A B!"),
        ("{{ 'hello world NATO' | Capitalize }}", "Hello World NATO"),
        ("{{ 'x' | Prepend: 'y', 'z' }}", "yx"),
        ("{{ 7 | DividedBy: 2 }} {{ 7.0 | DividedBy: 2 }} {{ 7 | Modulo: 4 }}", "3 3.5 3"),
        ("{{ 1 | DividedBy: 0 }}", "Liquid error: Attempted to divide by zero."),
        ("{{ 12.50 | Times: 10 }} {{ '1' | Plus: 2 }} {{ 1 | Plus: 2 }} {{ 5 | Minus: 7 }}", "125 12 3 -2"),
        ("{{ 'ab' | Times: 3 }}", "ababab"),
        ("{{ 2.5 | Round }} {{ 2.345 | Round: 2 }} {{ 4.2 | Ceil }} {{ 4.7 | Floor }}", "2 2.34 5 4"),
        ("{{ -3 | Abs }} {{ 3 | AtLeast: 5 }} {{ 3 | AtMost: 2 }}", "3 5 2"),
        (r#"{{ 'a"b\"' | Replace: '([^\\](\\\\)*)"', '$1\"' }}"#, r#"a\"b\""#),
        (
            "{{ 'aXbX' | ReplaceFirst: 'X', '$1' }} {{ 'aXbX' | RemoveFirst: 'X' }} {{ 'a.b' | Remove: '.' }}",
            "a$1bX abX ab",
        ),
        ("{{ 'one two three' | TruncateWords: 2 }} {{ 'abcdef' | Truncate: 5, '..' }}", "one two... abc.."),
        (
            "{{ 'b,A,,c' | Split: ',' | Sort | Join: '-' }} {{ 'abc' | Slice: 1, 5 }} {{ 'abc' | Slice: -2 }}",
            "A-b-c bc b",
        ),
        ("{{ 'a,b,a' | Split: ',' | Uniq | Size }} {{ 'ab' | Size }} {{ 'a,b' | Split: ',' | Last }}", "2 2 b"),
        ("{{ '<b>&' | Escape }} {{ '<i>x</i><!-- y -->' | StripHtml }} {{ ' x ' | Strip }}", "&lt;b&gt;&amp; x x"),
        (
            "{{ nothing | Default: 'd' }} {{ '' | Default: 'd' }} {{ 'a&b' | UrlEncode }} {{ 'a%26b+c' | UrlDecode }}",
            "d d a%26b a&b c",
        ),
        (
            "{{ '2024-02-29T12:30:00Z' | Date: 'yyyyMMddTHH:mm' }} {{ 'now' | Date: 'yyyy-MM-dd' }} {{ 'x' | Date: 'yyyy' }}",
            "20240229T12:30 2024-02-29 x",
        ),
        ("{{ 1234.5 | Currency }} {{ 1234.5 | Currency: 'en-US' }}", "\u{a4}1,234.50 $1,234.50"),
        ("{{ 'x' | upcase }}", "Liquid error: Error - Filter 'upcase' in ''x' | upcase' could not be found."),
        ("{{ \"a\r\nb\nc\" | StripNewlines }}", "abc"),
        ("{{ 'a' | Replace: '(', 'b' }}", "Liquid error: Invalid pattern '(' at offset 1. Not enough )'s."),
    ] {
        assert_eq!(plain(template), wanted, "{template}");
    }
}

#[test]
fn dates_are_dates_and_print_as_dotnet_prints_them() {
    let body = r#"{"at": "2024-02-29T12:30:00Z"}"#;
    assert_eq!(json("{{body.at}} {{body.at | Date: 'yyyy'}}", body), "02/29/2024 12:30:00 2024");
}

#[test]
fn conditions_are_read_from_the_right() {
    for (template, wanted) in [
        ("{% if true and false or true %}y{% else %}n{% endif %}", "y"),
        ("{% if false and true or true %}y{% else %}n{% endif %}", "n"),
        ("{% if 'abc' contains 'b' and 2>1 %}y{% endif %}", "y"),
        ("{% if '' == empty %}e{% endif %}{% if ' ' == blank %}b{% endif %}{% if '' %}t{% endif %}", "ebt"),
        ("{% unless 1 == '1' %}n{% else %}y{% endunless %}", "y"),
        ("{% if a %}1{% elsif 'x' startsWith 'x' %}2{% else %}3{% endif %}", "2"),
        ("{% case 2 %}{% when 1, 2 %}few{% when 3 or 4 %}some{% else %}many{% endcase %}", "few"),
        ("{% case 9 %}{% when 1 %}few{% else %}many{% endcase %}", "many"),
        ("{% if 1 likes 2 %}y{% endif %}", "Liquid error: Unknown operator likes"),
    ] {
        assert_eq!(plain(template), wanted, "{template}");
    }
}

#[test]
fn loops_and_their_variables() {
    for (template, wanted) in [
        ("{% for i in (1..5) limit:2 offset:1 %}{{i}}{{forloop.Length}}{{forloop.last}} {% endfor %}", "2false 3true "),
        (
            "{% for i in (1..5) reversed %}{% if i == 4 %}{% continue %}{% endif %}{% if i == 2 %}{% break %}{% endif %}{{i}}{% endfor %}",
            "53",
        ),
        ("{% for i in nothing %}x{% else %}none{% endfor %}", "none"),
        ("{% for i in (1..3) %}{% cycle 'a', 'b' %}{% endfor %}", "aba"),
        ("{% for i in (1..2) limit: 1 %}{{i}}{% endfor %}{% for i in (1..2) offset:continue %}{{i}}{% endfor %}", "12"),
        (
            "{% assign x = 'a' | Upcase %}{% capture y %}{{x}}b{% endcapture %}{{y}}{% increment n %}{% increment n %}{% decrement m %}",
            "Ab01-1",
        ),
        ("{% for i in (1..4) %}{% ifchanged %}{{ i | DividedBy: 2 }}{% endifchanged %}{% endfor %}", "012"),
        ("{% raw %}{{x}}{% if %}{% endraw %}{% comment %}{{ {% endcomment %}!", "{{x}}{% if %}!"),
        ("a \t{%- assign x = 1 -%} \n b{{- x -}}\nc", "a\n b1c"),
    ] {
        assert_eq!(plain(template), wanted, "{template}");
    }
    assert_eq!(json("[{% JSONArrayFor i in body -%}\n{{i}}{% endJSONArrayFor %}]", "[1,2]"), "[1,2]");
    assert_eq!(json("[{% JSONArray For i in body.x %}{{i.n}}{% endJSONArrayFor %}]", r#"{"x":[{"n":1}]}"#), "[1]");
}

#[test]
fn xml_drops_prefixes_and_case_and_walks_through_elements() {
    let body = r#"<s:Envelope xmlns:s="urn:s" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body><R>
        <Result><tItem kind="k"><sCode>A</sCode></tItem><tItem><sCode>B</sCode></tItem></Result>
        <N xsi:nil="true"/><E/><D>2024-02-29T12:30:00Z</D></R></s:Body></s:Envelope>"#;
    let template = "{% JSONArrayFor i in body.envelope.body.r.result %}{{i.sCode}}{% endJSONArrayFor %}";
    assert_eq!(xml(template, body), "A,B");
    assert_eq!(
        xml("{{body.Envelope.Body.R.Result.tItem[1].sCode}}{{body.envelope.body.r.result.titem.First.kind}}", body),
        "Bk"
    );
    assert_eq!(
        xml(
            "{% if body.envelope.body.r.n %}t{% endif %}{% if body.envelope.body.r.x %}x{% endif %}{{body.envelope.body.r.e}}",
            body
        ),
        "t"
    );
    assert_eq!(xml("{{body.envelope.body.r.d}}", body), "02/29/2024 12:30:00");
}

#[test]
fn the_context_is_there() {
    assert_eq!(
        plain("{{context.Variables.who}} {{context.Variables['who']}} {{context.Request.Method}}"),
        "Ann Ann GET"
    );
    assert_eq!(
        plain(
            "{{context.Request.Url.Path}} {{context.Request.OriginalUrl.QueryString}} {{context.Request.Headers['X-One']}}"
        ),
        "/base/a ?b=1 1"
    );
    assert_eq!(
        plain("{% for h in context.Request.Headers %}{{h.Key}}: {{h.Value}}{% endfor %}{{context.Timestamp}}"),
        "X-One: 1"
    );
}

#[test]
fn mistakes_have_their_place() {
    for (template, at, message) in [
        ("ab{% if x %}", 2..12, "`if` is not closed"),
        ("{{ x", 0..4, "an output is not closed"),
        ("{% iff x %}", 0..11, "there is no tag `iff`"),
        ("{% endif %}", 0..11, "`endif` stands outside of the tag it belongs to"),
        ("{% for x %}{% endfor %}", 0..11, "`for` cannot be read"),
        ("{% include 'x' %}", 0..17, "the tag `include` is not available here"),
    ] {
        let mistake = Template::read(template).unwrap_err();
        assert_eq!((mistake.at, mistake.message.as_str()), (at, message), "{template}");
    }
    let deep = format!("{}{}", "{% if a %}".repeat(200), "{% endif %}".repeat(200));
    assert_eq!(Template::read(&deep).unwrap_err().message, "tags are nested too deeply");
}

#[test]
fn attack_loops_inside_loops_and_growing_texts_use_up_the_budget() {
    let options = Options { nil_is_null: false, dates: true };
    for template in [
        "{% for a in (1..1000) %}{% for b in (1..1000) %}{{a}}{% endfor %}{% endfor %}",
        "{% for a in (1..999999999999) %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for a in (1..64) %}{% assign x = x | Append: x %}{% endfor %}",
        "{% for a in (1..1000) %}{{ 'a' | Times: 1000000 }}{% endfor %}",
    ] {
        let template = Template::read(template).unwrap();
        let outcome =
            render(&template, &Bound::Nothing, options, &exchange(), Budget { steps: 50_000, bytes: 1 << 20 });
        assert_eq!(outcome, Err(Exceeded), "{template:?}");
    }
}

#[test]
fn attack_a_regular_expression_that_explodes_is_cut_off() {
    let text = plain(&format!("{{{{ '{}!' | Replace: '^(a|a)*(?=b)', 'x' }}}}", "a".repeat(60)));
    assert!(text.starts_with("Liquid error: "), "{text}");
}
