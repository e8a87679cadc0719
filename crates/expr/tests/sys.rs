//! Expressions over regular expressions, addresses, encodings, cryptography, tokens and readers.

use std::sync::atomic::{AtomicU64, Ordering};

use apimite_expr::{Engine, Form, Host, Settings, Value, Want};

/// A clock that stands and bits that differ.
#[derive(Default)]
struct Fixed(AtomicU64);

impl Host for Fixed {
    fn part(&self, _id: std::any::TypeId) -> Option<&dyn std::any::Any> {
        None
    }

    fn utc_now_ticks(&self) -> i64 {
        638_448_000_000_000_000
    }

    fn random(&self) -> u64 {
        self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }
}

/// The text of what `code` gives, or the exception it throws.
fn answer(engine: &Engine, code: &str) -> String {
    let form = if code.contains("return ") { Form::Block } else { Form::Expression };
    let host = Fixed::default();
    match engine.compile(code, form, Want::Any) {
        Err(errors) => errors.iter().map(|error| format!("{}: {}", error.code, error.message)).collect(),
        Ok(program) => match program.eval(&host) {
            Err(fault) => fault.thrown.kind.full_name().to_owned(),
            Ok(Value::Null) => "null".to_owned(),
            Ok(value) => {
                program.to_text(&host, &value).map_or_else(|thrown| thrown.to_string(), |text| text.to_string())
            }
        },
    }
}

fn check(cases: &[(&str, &str)]) {
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    let mut wrong = Vec::new();
    for (code, wanted) in cases {
        let found = answer(&engine, code);
        if found != *wanted {
            wrong.push(format!("{code}\n    wanted {wanted}\n    found  {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn regular_expressions() {
    check(&[
        (r#"Regex.IsMatch("abc123", @"\d+")"#, "True"),
        (r#"Regex.Match("max-age=120", @"max-age=(?<maxAge>\d+)").Groups["maxAge"]?.Value"#, "120"),
        (r#"Regex.Match("none", @"(\d+)").Groups["x"].Success"#, "False"),
        (r#"Regex.Match("a1b22", @"\d+").NextMatch().Value"#, "22"),
        (r#"Regex.Matches("a1b22c333", @"\d+")[1].Value"#, "22"),
        (r#"Regex.Matches("a1b22c333", @"\d+").Count"#, "3"),
        (r#"Regex.Matches("a1", @"\d+")[5]"#, "System.ArgumentOutOfRangeException"),
        (
            r#"var s = ""; foreach (Match m in Regex.Matches("a1b22", @"\d+")) { s += m.Value + m.Index; } return s;"#,
            "11223",
        ),
        (r#"var s = ""; foreach (Group g in Regex.Match("ab", "(a)(b)").Groups) { s += g.Value; } return s;"#, "abab"),
        (r#"Regex.Match("ab", "(a)(b)").Groups.Count"#, "3"),
        (r#"Regex.Match("aXbX", "(?:([a-z])X)+").Groups[1].Captures.Count"#, "2"),
        (r#"Regex.Match("aXbX", "(?:([a-z])X)+").Groups[1].Captures[0].Value"#, "a"),
        (r#"Regex.Match("aXbX", "(?:([a-z])X)+").Groups[1].Captures[7]"#, "System.ArgumentOutOfRangeException"),
        (r#"Regex.Replace("hello world", @"\b\w", m => m.Value.ToUpper())"#, "Hello World"),
        (r#"Regex.Replace("a1b2", @"\d", m => (int.Parse(m.Value) * 2).ToString())"#, "a2b4"),
        (r#"Regex.Replace("A-a", "a", "x", RegexOptions.IgnoreCase)"#, "x-x"),
        (r#"new Regex("a").Replace("aaa", m => "b", 2)"#, "bba"),
        (r#"new Regex("a").Replace("aaa", "b", -2)"#, "System.ArgumentOutOfRangeException"),
        (r#"string.Join("|", Regex.Split("a,b;c", "([,;])"))"#, "a|,|b|;|c"),
        (r#"string.Join("|", new Regex(",").Split("a,b,c", 2))"#, "a|b,c"),
        (r#"Regex.Escape("a.b [c]")"#, r"a\.b\ \[c]"),
        (r#"Regex.Unescape(@"a\.b\u0041")"#, "a.bA"),
        (r#"Regex.IsMatch("x", "[")"#, "System.ArgumentException"),
        (r#"Regex.IsMatch(null, "a")"#, "System.ArgumentNullException"),
        (r#"Regex.IsMatch("x", null)"#, "System.ArgumentNullException"),
        (r#"Regex.Match("x", "(x)").Result("[$1]")"#, "[x]"),
        (r#"Regex.Match("y", "x").Result("[$1]")"#, "System.NotSupportedException"),
        (r#"Match.Empty.Success"#, "False"),
        (r#"new Regex(@"^\w+$", RegexOptions.IgnoreCase | RegexOptions.Multiline).ToString()"#, r"^\w+$"),
        (r#"new Regex("a", RegexOptions.IgnoreCase | RegexOptions.Multiline).Options"#, "IgnoreCase, Multiline"),
        (r#"new Regex("(?<x>a)(b)").GroupNumberFromName("x")"#, "2"),
        (
            r#"try { Regex.IsMatch("x", "("); return "?"; } catch (ArgumentException e) { return e.Message; }"#,
            "Invalid pattern '(' at offset 1. Not enough )'s.",
        ),
        (r#"new Regex("b").IsMatch("abc", 2)"#, "False"),
        (r#"new Regex("b").Match("abc", 4)"#, "System.ArgumentOutOfRangeException"),
        (r#"Regex.Match("x", "x").Groups[0].Value + Regex.Match("x", "x").Groups["0"].Length"#, "x1"),
        (r#"Regex.IsMatch("a", "a", RegexOptions.None, TimeSpan.FromSeconds(1))"#, "True"),
    ]);
}

#[test]
fn addresses() {
    check(&[
        (r#"new Uri("https://user@example.com:8443/a/b?x=1&y=2#frag").Host"#, "example.com"),
        (r#"new Uri("https://example.com/a%20b").ToString()"#, "https://example.com/a b"),
        (
            r#"new Uri("https://example.com/a").AbsoluteUri + "|" + new Uri("https://example.com/a")"#,
            "https://example.com/a|https://example.com/a",
        ),
        (r#"new Uri(new Uri("https://example.com/a/b"), "c").ToString()"#, "https://example.com/a/c"),
        (r#"new Uri(new Uri("https://example.com/a/b"), new Uri("/r", UriKind.Relative)).AbsolutePath"#, "/r"),
        (r#"new Uri("/relative", UriKind.Relative).IsAbsoluteUri"#, "False"),
        (r#"new Uri("/rel", UriKind.Relative).Host"#, "System.InvalidOperationException"),
        (r#"new Uri("not absolute")"#, "System.UriFormatException"),
        (r#"new Uri(null as string)"#, "System.ArgumentNullException"),
        (r#"new Uri("http://a/") == new Uri("http://A:80/")"#, "True"),
        (r#"new Uri("http://a/").Equals("http://a/")"#, "True"),
        (r#"new Uri("http://a/") != null"#, "True"),
        (r#"new Uri("https://example.com/a?q=1").GetLeftPart(UriPartial.Path)"#, "https://example.com/a"),
        (r#"string.Join("|", new Uri("https://example.com/a/b/").Segments)"#, "/|a/|b/"),
        (r#"Uri u; return Uri.TryCreate("http://x/y", UriKind.Absolute, out u) ? u.AbsolutePath : "no";"#, "/y"),
        (r#"return Uri.TryCreate("nope", UriKind.Absolute, out Uri u) ? "yes" : (u == null).ToString();"#, "True"),
        (r#"Uri.EscapeDataString("é€~-_.!*'()")"#, "%C3%A9%E2%82%AC~-_.%21%2A%27%28%29"),
        (r#"Uri.EscapeUriString("http://x/a b")"#, "http://x/a%20b"),
        (r#"Uri.UnescapeDataString("a%20b%2Bc+d")"#, "a b+c+d"),
        (r#"Uri.EscapeDataString(null)"#, "System.ArgumentNullException"),
        (r#"Uri.HexEscape(' ')"#, "%20"),
        (r#"Uri.IsWellFormedUriString("https://a/b c", UriKind.Absolute)"#, "False"),
        (r#"Uri.CheckHostName("10.0.0.1")"#, "IPv4"),
        (r#"Uri.SchemeDelimiter + Uri.UriSchemeHttps"#, "://https"),
        (r#"new Uri("http://a/b/c").MakeRelativeUri(new Uri("http://a/b/d")).ToString()"#, "d"),
        (r#"new Uri("http://a/b/").IsBaseOf(new Uri("http://a/b/d"))"#, "True"),
        (
            r#"new UriBuilder("https://example.com/a") { Query = "x=1", Port = 8443 }.Uri.ToString()"#,
            "https://example.com:8443/a?x=1",
        ),
        (r#"new UriBuilder("http", "example.com", 80, "p").ToString()"#, "http://example.com:80/p"),
        (r#"WebUtility.UrlEncode("a b&c") + WebUtility.UrlDecode("a+b%26c")"#, "a+b%26ca b&c"),
        (r#"WebUtility.HtmlEncode("<é>") + WebUtility.HtmlDecode("&lt;&eacute;&#62;")"#, "&lt;&#233;&gt;<é>"),
        (r#"WebUtility.UrlEncode(null)"#, "null"),
        (r#"System.Web.HttpUtility.UrlEncode("é /")"#, "%c3%a9+%2f"),
        (r#"System.Web.HttpUtility.ParseQueryString("?a=1&b=2&a=3")["a"]"#, "1,3"),
        (r#"IPAddress.Parse("10.0.0.1").GetAddressBytes().Length"#, "4"),
        (r#"IPAddress.Parse("::1").AddressFamily.ToString()"#, "InterNetworkV6"),
        (r#"IPAddress.Parse("bad")"#, "System.FormatException"),
        (r#"IPAddress.Parse(null)"#, "System.ArgumentNullException"),
        (r#"IPAddress.Parse("10.0.0.1").Equals(IPAddress.Parse("10.0.0.1"))"#, "True"),
        (r#"IPAddress.IsLoopback(IPAddress.Parse("127.0.0.1"))"#, "True"),
        (r#"return IPAddress.TryParse("1.2.3.4", out IPAddress ip) ? ip.ToString() : "no";"#, "1.2.3.4"),
        (r#"return IPAddress.TryParse("x", out var ip) ? ip.ToString() : "no";"#, "no"),
    ]);
}

#[test]
fn encodings() {
    check(&[
        (r#"Encoding.UTF8.GetString(Encoding.UTF8.GetBytes("hé€"))"#, "hé€"),
        (r#"Encoding.UTF8.GetByteCount("hé€")"#, "6"),
        (r#"Encoding.ASCII.GetString(Encoding.ASCII.GetBytes("hé"))"#, "h?"),
        (r#"Encoding.GetEncoding("iso-8859-1").GetBytes("é")[0]"#, "233"),
        (r#"Encoding.GetEncoding(1252).GetString(new byte[] { 128 })"#, "€"),
        (r#"Encoding.GetEncoding("no-such")"#, "System.ArgumentException"),
        (r#"Encoding.Unicode.WebName + Encoding.UTF8.CodePage"#, "utf-1665001"),
        (r#"Encoding.UTF8.GetString(null)"#, "System.ArgumentNullException"),
        (r#"Encoding.UTF8.GetString(new byte[] { 104, 105, 33 }, 1, 2)"#, "i!"),
        (r#"Encoding.UTF8.GetString(new byte[2], 1, 2)"#, "System.ArgumentOutOfRangeException"),
        (r#"new string(Encoding.UTF8.GetChars(new byte[] { 104, 105 }))"#, "hi"),
        (r#"new UTF8Encoding(false).GetPreamble().Length + Encoding.UTF8.GetPreamble().Length"#, "3"),
        (r#"Encoding.UTF8.Equals(Encoding.GetEncoding("utf-8"))"#, "True"),
    ]);
}

#[test]
fn hashes_and_ciphers() {
    check(&[
        (
            r#"BitConverter.ToString(SHA1.Create().ComputeHash(Encoding.UTF8.GetBytes("hello"))).Replace("-", "")"#,
            "AAF4C61DDCC5E8A2DABEDE0F3B482CD9AEA9434D",
        ),
        (
            r#"Convert.ToBase64String(new HMACSHA1(Encoding.UTF8.GetBytes("key")).ComputeHash(Encoding.UTF8.GetBytes("message")))"#,
            "IIjfdNXyFGtIFGyvSWU3fp0L46Q=",
        ),
        (r#"new HMACSHA256().Key.Length + new HMACSHA512().Key.Length"#, "192"),
        (r#"new HMACSHA256(null)"#, "System.ArgumentNullException"),
        (r#"SHA256.Create().ComputeHash((byte[])null)"#, "System.ArgumentNullException"),
        (r#"SHA256.Create().ComputeHash(new byte[2], -1, 1)"#, "System.ArgumentOutOfRangeException"),
        (r#"SHA256.Create().ComputeHash(new byte[2], 1, 2)"#, "System.ArgumentException"),
        (r#"HashAlgorithm.Create("SHA256").HashSize"#, "256"),
        (r#"HashAlgorithm.Create("nope") == null"#, "True"),
        (
            r#"using (var md5 = MD5.Create()) { md5.TransformBlock(new byte[] { 1 }, 0, 1, null, 0); md5.TransformFinalBlock(new byte[] { 2 }, 0, 1); return Convert.ToBase64String(md5.Hash) == Convert.ToBase64String(MD5.Create().ComputeHash(new byte[] { 1, 2 })); }"#,
            "True",
        ),
        (r#"new SHA256Managed().ComputeHash(new byte[0]).Length"#, "32"),
        (r#"HashAlgorithmName.SHA256 == new HashAlgorithmName("SHA256")"#, "True"),
        (r#"HashAlgorithmName.SHA512.Name"#, "SHA512"),
        (
            r#"var aes = SymmetricAlgorithm.Create("Aes"); aes.Key = new byte[16]; aes.IV = new byte[16]; var e = new byte[] { 1, 2, 3 }.Encrypt(aes); return e.Decrypt(aes, new byte[16], new byte[16]).Length;"#,
            "3",
        ),
        (
            r#"var aes = Aes.Create(); aes.Mode = CipherMode.ECB; aes.Padding = PaddingMode.Zeros; var t = aes.CreateEncryptor(); return t.TransformFinalBlock(new byte[20], 0, 20).Length;"#,
            "32",
        ),
        (
            r#"new byte[] { 1 }.Encrypt("Aes", new byte[7], new byte[16])"#,
            "System.Security.Cryptography.CryptographicException",
        ),
        (
            r#"new byte[] { 1 }.Encrypt("Aes", new byte[16], new byte[3])"#,
            "System.Security.Cryptography.CryptographicException",
        ),
        (
            r#"new byte[16].Decrypt("Aes", new byte[16], new byte[16])"#,
            "System.Security.Cryptography.CryptographicException",
        ),
        (
            r#"var k = new byte[24]; k[0] = 1; k[9] = 2; k[17] = 3; return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes("x").Encrypt("TripleDES", k, new byte[8]).Decrypt("3DES", k, new byte[8]));"#,
            "x",
        ),
        (
            r#"var rsa = RSA.Create(); var s = rsa.SignData(new byte[] { 1 }, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1); return rsa.VerifyData(new byte[] { 1 }, s, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);"#,
            "True",
        ),
        (
            r#"var rsa = RSA.Create(); var s = rsa.Encrypt(new byte[] { 7 }, RSAEncryptionPadding.OaepSHA1); return rsa.Decrypt(s, RSAEncryptionPadding.OaepSHA1)[0];"#,
            "7",
        ),
        (r#"RSAEncryptionPadding.OaepSHA256.ToString()"#, "OaepSHA256"),
        (r#"new X509Certificate2(new byte[] { 1, 2, 3 })"#, "System.Security.Cryptography.CryptographicException"),
        (r#"new Oid("1.2.840.113549.1.1.11").FriendlyName"#, "sha256RSA"),
    ]);
}

#[test]
fn sequences_of_these_types() {
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    if answer(&engine, "new[] { 1 }.Any()") != "True" {
        eprintln!("there is no `Enumerable` in this library: its members are not tried on these types");
        return;
    }
    check(&[
        (
            r#"Regex.Matches("a=1&b=2", @"(\w)=(\d)").Cast<Match>().ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value)["b"]"#,
            "2",
        ),
        (
            r#"var key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray(); var iv = Enumerable.Range(0, 16).Select(i => (byte)(i * 3)).ToArray(); return Convert.ToBase64String(Encoding.UTF8.GetBytes("attack at dawn").Encrypt("Aes", key, iv));"#,
            "XtAwk8q1iPo9ZxuFM+QaLA==",
        ),
        (r#"string.Join(",", Regex.Matches("a1b22", @"\d+").Cast<Match>().Select(m => m.Value))"#, "1,22"),
        (r#"var b = new byte[16]; new RNGCryptoServiceProvider().GetBytes(b); return b.Any(x => x != 0);"#, "True"),
        (
            r#""eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTciLCJhdWQiOlsiYSIsImIiXX0.c2ln".AsJwt().Audiences.Contains("b")"#,
            "True",
        ),
        (
            r#""eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTciLCJhdWQiOlsiYSIsImIiXX0.c2ln".AsJwt().Claims.Select(c => c.Key).First()"#,
            "sub",
        ),
        (r#"string.Join(",", Regex.Match("ab", "(a)(b)").Groups.Cast<Group>().Select(g => g.Value))"#, "ab,a,b"),
    ]);
}

#[test]
fn tokens_and_credentials() {
    let token = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyLTciLCJhdWQiOlsiYSIsImIiXSwicm9sZXMiOlsiciIsInciXSwiZXhwIjoxODkzNDU2MDAwfQ.c2ln";
    let code = |member: &str| format!("\"Bearer {token}\".AsJwt(){member}");
    let codes: Vec<(String, &str)> = vec![
        (code(".Subject"), "user-7"),
        (code(".Algorithm"), "RS256"),
        (code(".Type"), "JWT"),
        (code(".Id ?? \"none\""), "none"),
        (code(".ExpirationTime.Value.Year"), "2030"),
        (code(".NotBefore.HasValue"), "False"),
        (code(".Claims[\"roles\"].Length"), "2"),
        (code(".Claims[\"roles\"][1]"), "w"),
        (code(".Claims[\"roles\"][1] == \"w\""), "True"),
        (code(".Claims[\"roles\"][2]"), "System.IndexOutOfRangeException"),
        (code(".Claims[\"nope\"][0]"), "System.Collections.Generic.KeyNotFoundException"),
        (code(".Claims.ContainsKey(\"nope\")"), "False"),
        (code(".Claims[\"nope\"]"), "System.Collections.Generic.KeyNotFoundException"),
        (code(".Claims.Count"), "4"),
        (
            "IReadOnlyDictionary<string, string[]> d = new Dictionary<string, string[]> { [\"a\"] = new[] { \"x\", null } }; \
             return d[\"a\"][0] + (d[\"a\"][1] == null) + \"n\".AsJwt();"
                .to_owned(),
            "xTrue",
        ),
        (
            "var r = \"\"; foreach (IReadOnlyDictionary<string, string[]> d in new IReadOnlyDictionary<string, string[]>[] { TOKEN.AsJwt().Claims, \
             new Dictionary<string, string[]> { [\"roles\"] = new[] { \"x\" } } }) r += d[\"roles\"][0]; return r;"
                .replace("TOKEN", &format!("\"{token}\"")),
            "rx",
        ),
        (
            "IReadOnlyDictionary<string, string[]> d = null; return d[\"a\"][0];".to_owned(),
            "System.NullReferenceException",
        ),
        ("\"not a token\".AsJwt() == null".to_owned(), "True"),
        ("if (\"junk\".TryParseJwt(out Jwt t)) return t.Subject; return \"invalid\";".to_owned(), "invalid"),
        ("\"Basic YWxpY2U6czNjcmV0\".AsBasic().UserId".to_owned(), "alice"),
        ("\"Basic YWxpY2U6czNjcmV0\".AsBasic()?.Password".to_owned(), "s3cret"),
        ("\"Bearer abc\".AsBasic() == null".to_owned(), "True"),
        (
            "BasicAuthCredentials c; return \"Basic YTpi\".TryParseBasic(out c) ? c.UserId + c.Password : \"\";"
                .to_owned(),
            "ab",
        ),
    ];
    let cases: Vec<(&str, &str)> = codes.iter().map(|(code, wanted)| (code.as_str(), *wanted)).collect();
    check(&cases);
}

#[test]
fn readers_and_writers() {
    check(&[
        (
            r#"var r = new StringReader("a\r\nb\nc"); var s = ""; string l; while ((l = r.ReadLine()) != null) { s += l + "|"; } return s;"#,
            "a|b|c|",
        ),
        (r#"new StringReader("abc").ReadToEnd()"#, "abc"),
        (r#"using (var r = new StringReader("ab")) { return (char)r.Read() + "" + r.Peek(); }"#, "a98"),
        (r#"new StringReader(null)"#, "System.ArgumentNullException"),
        (
            r#"using (var w = new StringWriter()) { w.Write("a"); w.Write(1); w.WriteLine(true); w.Write('c'); return w.ToString(); }"#,
            "a1True\nc",
        ),
        (r#"new StreamReader(new MemoryStream(Encoding.UTF8.GetBytes("é"))).ReadToEnd()"#, "é"),
        (r#"Convert.ToBase64String(SHA256.Create().ComputeHash(new MemoryStream(new byte[0]))).Length"#, "44"),
    ]);
}

#[test]
fn a_constant_pattern_that_will_throw_is_warned_of() {
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    let warnings = |code: &str| -> Vec<String> {
        let program = engine.compile(code, Form::Expression, Want::Any).unwrap();
        program.warnings().iter().map(|warning| warning.message.clone()).collect()
    };
    let bad = "this pattern throws when it runs: Invalid pattern '[' at offset 1. Unterminated [] set.";
    assert_eq!(warnings(r#"Regex.IsMatch("x", "[")"#), [bad]);
    assert_eq!(warnings(r#"new Regex("[").IsMatch("x")"#), [bad]);
    assert!(warnings(r#"Regex.IsMatch("[", @"^\[$", RegexOptions.IgnoreCase)"#).is_empty());
}
