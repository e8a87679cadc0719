//! The parts of the library that read text of their own: numbers, dates, JSON, JSONPath, XML, URLs, patterns, formats.
#![no_main]

use apimite_expr::{Budget, Engine, Form, NoHost, Program, Settings, Want};
use libfuzzer_sys::fuzz_target;

/// Each takes the text as `T`, and its halves as `A` and `B`.
const READERS: [&str; 20] = [
    "JToken.Parse(T).ToString(Formatting.None)",
    "JToken.Parse(A).SelectTokens(B).Count()",
    "XElement.Parse(T).ToString()",
    "Regex.Matches(A, B).Count",
    "Regex.Replace(A, B, A)",
    "Regex.Split(A, B, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace).Length",
    "DateTime.Parse(T).ToString(\"o\")",
    "DateTime.ParseExact(A, B, null).ToString(B)",
    "new DateTime(2024, 2, 29, 13, 5, 9).ToString(T)",
    "TimeSpan.Parse(T).ToString()",
    "TimeSpan.FromSeconds(90061.5).ToString(T)",
    "(1234567.891m).ToString(T) + (-0.00125).ToString(T)",
    "double.Parse(T) + (double)decimal.Parse(T)",
    "string.Format(A, B, 42, 1.5m)",
    "new Uri(new Uri(\"https://example.net/a/b?c\"), T).AbsoluteUri",
    "new Uri(T).PathAndQuery",
    "WebUtility.UrlDecode(T) + WebUtility.HtmlDecode(T) + Uri.UnescapeDataString(T)",
    "Convert.FromBase64String(T).Length",
    "string.Join(B, A.Split(B.ToCharArray())) + A.IndexOf(B) + A.Replace(B + \"x\", A)",
    "Guid.Parse(T).ToString(\"X\") + T.AsJwt()?.Subject + T.AsBasic()?.UserId",
];

std::thread_local! {
    static PROGRAMS: Vec<(Engine, String)> = {
        let budget = Budget { steps: 20_000, depth: 200, memory_bytes: 4 << 20 };
        let engine = Engine::new(Settings { lenient: true, budget, ..Settings::default() }, &[]);
        for reader in READERS {
            assert!(compile(&engine, reader, "x").is_some(), "{reader} does not compile");
        }
        READERS.iter().map(|code| (engine.clone(), (*code).to_owned())).collect()
    };
}

/// A text as a C# literal.
fn literal(text: &str) -> String {
    format!("@\"{}\"", text.replace('"', "\"\""))
}

fn compile(engine: &Engine, reader: &str, text: &str) -> Option<Program> {
    let middle = (text.len() / 2..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let (a, b) = text.split_at(middle);
    let code = format!("string T = {}, A = {}, B = {}; return {reader};", literal(text), literal(a), literal(b));
    engine.compile(&code, Form::Block, Want::Any).ok()
}

fuzz_target!(|input: (u8, &str)| {
    let (which, text) = input;
    PROGRAMS.with(|programs| {
        let (engine, reader) = &programs[usize::from(which) % programs.len()];
        if let Some(program) = compile(engine, reader, text) {
            let _ = program.eval_text(&NoHost);
        }
    });
});
