//! Members of the text area as expressions: code, and the text of its value or `!` with the exception.

use apimite_expr::{Engine, Form, NoHost, Settings, Want};

const CASES: &str = r##"
(1234.5).ToString("C") ==> ¤1,234.50
(-1234.5m).ToString("C2") ==> (¤1,234.50)
(0.1234).ToString("P1") ==> 12.3 %
(1234.5678).ToString("e3") ==> 1.235e+003
((sbyte)-1).ToString("x") ==> ff
(123456789012.0).ToString("G5") ==> 1.2346E+11
(-1234.5).ToString("#,##0.00;(#,##0.00)") ==> (1,234.50)
(1234567.0).ToString("#,##0,K") ==> 1,235K
(86000).ToString("0.###E+0") ==> 8.6E+4
(-1.235m).ToString("F2") ==> -1.24
1.10m.ToString("G29") ==> 1.1
(0.0).ToString("+0.0;-0.0;zero") ==> zero
(99.5).ToString("G2") ==> 1E+02
string.Format("{0,-10}|{1,10}", "ab", 12) ==> ab        |        12
string.Format("{0:hh\\:mm}", new TimeSpan(1, 2, 3)) ==> 01:02
string.Format(null, 1) ==> !ArgumentNullException
string.Format("{0}{1}", "a") ==> !FormatException
$"{1.5:F2}|{2,4}|{"x",-3}|" ==> 1.50|   2|x  |
new DateTime(2024, 2, 9, 15, 4, 5).ToString("dd/MM/yyyy hh:mm:ss tt") ==> 09/02/2024 03:04:05 PM
new DateTime(2024, 2, 9, 15, 4, 5, 678).ToString("s.F") ==> 5.6
new DateTime(2024, 2, 9).ToString("d MMM yyyy 'at' HH'h'") ==> 9 Feb 2024 at 00h
DateTime.MaxValue.AddDays(1) ==> !ArgumentOutOfRangeException
new DateTime(2024, 3, 31).AddMonths(-1) ==> 02/29/2024 00:00:00
new DateTime(2024, 1, 1).AddDays(double.NaN) ==> !ArgumentOutOfRangeException
(new DateTime(2024, 3, 1) - new DateTime(2024, 2, 1)) ==> 29.00:00:00
DateTime.Parse("02/03/2024 4:05 PM") ==> 02/03/2024 16:05:00
DateTime.Parse("Mon, 05 Feb 2024 10:00:00 GMT") ==> 02/05/2024 10:00:00
DateTime.Parse("Friday, February 29, 2024") ==> !FormatException
DateTime.Parse("2024-02-29T10:20:30Z", null, DateTimeStyles.RoundtripKind).Kind ==> Utc
DateTime.ParseExact("1:05 PM", "h:mm tt", CultureInfo.InvariantCulture).Hour ==> 13
DateTime.TryParseExact("20240205", "yyyyMMdd", null, DateTimeStyles.None, out var d) ? d.Day : 0 ==> 5
new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.FromHours(15)) ==> !ArgumentOutOfRangeException
new DateTimeOffset(2024, 1, 1, 10, 0, 0, TimeSpan.FromHours(-5)).ToString("R") ==> Mon, 01 Jan 2024 15:00:00 GMT
DateTimeOffset.ParseExact("2024-01-01 10:00 +02:00", "yyyy-MM-dd HH:mm zzz", null).Offset ==> 02:00:00
TimeSpan.FromMinutes(90).ToString(@"h\h\ mm\m") ==> 1h 30m
TimeSpan.Parse("24:00") ==> !OverflowException
TimeSpan.Parse("-1.02:03:04.5678") ==> -1.02:03:04.5678000
TimeSpan.MaxValue + TimeSpan.FromTicks(1) ==> !OverflowException
TimeSpan.FromHours(1) * 2.5 ==> 02:30:00
Guid.Parse("0f8fad5bd9cb469fa16570867728950e").ToString("X") ==> {0x0f8fad5b,0xd9cb,0x469f,{0xa1,0x65,0x70,0x86,0x77,0x28,0x95,0x0e}}
new Guid(new byte[] {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}) ==> 04030201-0605-0807-090a-0b0c0d0e0f10
new Guid(new byte[3]) ==> !ArgumentException
Convert.ToInt32("102", 2) ==> !FormatException
Convert.ToInt32("1", 5) ==> !ArgumentException
Convert.ToSByte("ff", 16) ==> -1
Convert.ToString(-1L, 16) ==> ffffffffffffffff
Convert.ToChar(70000) ==> !OverflowException
Convert.ToInt32(new object()) ==> !InvalidCastException
Convert.ToDecimal(double.NaN) ==> !OverflowException
Convert.ChangeType(null, typeof(int)) ==> !InvalidCastException
Convert.ChangeType("5", TypeCode.Int32) ==> 5
Convert.FromBase64String("YQ=") ==> !FormatException
Convert.ToBase64String(new byte[] {1,2,3,4}, 1, 2) ==> AgM=
BitConverter.ToString(new byte[] {1, 2, 3}, 1, 1) ==> 02
BitConverter.ToString(BitConverter.GetBytes(1.0)) ==> 00-00-00-00-00-00-F0-3F
BitConverter.ToInt32(new byte[4], 5) ==> !ArgumentOutOfRangeException
Math.Max((byte)1, (byte)2).GetType().Name ==> Byte
Math.Round(2.5, MidpointRounding.AwayFromZero) ==> 3
Math.Round(2.345m, 2) ==> 2.34
Math.Round(1.5, 16) ==> !ArgumentOutOfRangeException
Math.DivRem(17, 5, out int rem) + "/" + rem ==> 3/2
Math.Sign(double.NaN) ==> !ArithmeticException
Math.Log(8, 2) ==> 3
new decimal(15, 0, 0, true, 1) ==> -1.5
decimal.GetBits(1.5m)[0] ==> 15
1m / 3 * 3 ==> 0.9999999999999999999999999999
1.20m * 1.10m ==> 1.3200
int.Parse("(5)", NumberStyles.AllowParentheses) ==> -5
int.Parse("5.5", NumberStyles.Number) ==> !OverflowException
decimal.Parse("¤5", NumberStyles.Currency) ==> 5
5.CompareTo("x") ==> !ArgumentException
char.ConvertToUtf32("\ud83d\ude00", 0) ==> 128512
char.GetUnicodeCategory('A') ==> UppercaseLetter
string.Join("|", "a b".Split(null)) ==> a|b
string.Join("|", "a, b , c".Split(new[] { ", ", " , " }, 2, StringSplitOptions.None)) ==> a|b , c
string.Join(",", (string[])null) ==> !ArgumentNullException
string.Concat(new object[] { 1, null, "x" }) ==> 1x
"Hello".LastIndexOf("L", StringComparison.OrdinalIgnoreCase) ==> 3
"Hello".Equals("hello", (StringComparison)99) ==> !ArgumentException
string.Compare("abcdef", 2, "xcdz", 1, 2) ==> 0
"a".CompareTo((object)5) ==> !ArgumentException
"é".Normalize(NormalizationForm.FormD).Length ==> 2
new string('a', -1) ==> !ArgumentOutOfRangeException
var s = "a😀b"; return s.Length + ":" + s.Substring(3) + ":" + s.IndexOf("b"); ==> 4:b:3
new StringBuilder("abcabc").Replace("a", "x", 1, 5).ToString() ==> abcxbc
new StringBuilder("abc")[5] ==> !IndexOutOfRangeException
new StringBuilder("abc").Append(1.5m).Append(2L).Append((object)null).Append((string)null).ToString() ==> abc1.52
var sb = new StringBuilder("abc"); sb.Length = 1; sb[0] = 'X'; return sb.ToString(); ==> X
var w = new StringWriter(); w.Write("a{0}{1}{2}{3}", 1, 2, 3, 4); return w.GetStringBuilder().Length; ==> 5
StringComparer.OrdinalIgnoreCase.GetHashCode("a") == StringComparer.OrdinalIgnoreCase.GetHashCode("A") ==> True
TimeZoneInfo.FindSystemTimeZoneById("Pacific Standard Time").BaseUtcOffset ==> -08:00:00
TimeZoneInfo.ConvertTimeBySystemTimeZoneId(new DateTime(2024, 7, 1, 12, 0, 0, DateTimeKind.Utc), "Tokyo Standard Time") ==> 07/01/2024 21:00:00
TimeZoneInfo.ConvertTimeToUtc(new DateTime(2024, 3, 10, 2, 30, 0), TimeZoneInfo.FindSystemTimeZoneById("America/New_York")) ==> !ArgumentException
TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin").GetAdjustmentRules()[50].DaylightDelta ==> 01:00:00
new Random(42).Next(1, 100) ==> 67
Enum.TryParse("Monday", out DayOfWeek dw) ? dw.ToString() : "no" ==> Monday
CultureInfo.InvariantCulture.TextInfo.ToTitleCase("hello world") ==> Hello World
Version.Parse("1.10.0") > Version.Parse("1.9") ==> True
"##;

#[test]
fn members_of_the_text_area_answer_as_in_dotnet() {
    let engine = Engine::new(Settings { lenient: true, ..Settings::default() }, &[]);
    let mut wrong = Vec::new();
    for (code, want) in CASES.lines().filter_map(|line| line.split_once(" ==> ")) {
        let form = if code.contains("return ") { Form::Block } else { Form::Expression };
        let found = match engine.compile(code, form, Want::Any) {
            Err(errors) => errors.iter().map(|e| format!("{}: {}", e.code, e.message)).collect::<Vec<_>>().join("; "),
            Ok(program) => match program.eval(&NoHost) {
                Err(fault) => format!("!{}", fault.thrown.kind.full_name().rsplit('.').next().unwrap_or("")),
                Ok(value) => program.to_text(&NoHost, &value).map_or_else(|e| e.message, |text| text.to_string()),
            },
        };
        if found != want {
            wrong.push(format!("{code}\n  wanted {want}\n  found  {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
