#!/usr/bin/env bash
# Builds a fuzz target with libFuzzer's coverage on the stable compiler and runs it: fuzz/run.sh TARGET [SECONDS].
# A finding is written to fuzz/artifacts/TARGET; give its path as a third argument to run it alone.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?csharp, dns, document, evaluate, library or proxy} seconds=${2:-300}
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
triple=$(rustc -vV | sed -n 's/^host: //p')
cargo build --release --target "$triple" --bin "$target"
corpus=corpus/$target
mkdir -p "$corpus" "artifacts/$target"
# The cases of the tests and the policies' pages are the first corpus.
if [ -z "$(ls -A "$corpus")" ]; then
  case $target in
    document) cp ../policies/spec/*.md "$corpus/" ;;
    library) printf '%s\n' '{"a":[1,2.5,null,"x"]} $..a[?(@ > 1)]' '2024-02-29T13:05:09.123+02:00' '<a b="1">t<c/></a>' \
      '(?<n>\d+)[a-z]*' '#,##0.00;(0)' 'https://user@example.net:8080/a/b?c=d#e' "yyyy-MM-dd'T'HH:mm:ss.fffK" | split -l1 - "$corpus/seed-" ;;
    # Headers: of a client with and without a link identifier, over IPv6, of a probe. Then the same with other lengths.
    proxy)
      start='\r\n\r\n\0\r\nQUIT\n'
      printf "$start"'\x21\x11\0\x14\x0a\x4d\0\x05\x0a\0\0\x09\xc3\x50\x01\xbb\xee\0\x05\x01\x4d\0\0\0' > "$corpus/link"
      printf "$start"'\x21\x11\0\x0c\x0a\x4d\0\x05\x0a\0\0\x09\xc3\x50\x01\xbb' > "$corpus/plain"
      printf "$start"'\x20\0\0\0' > "$corpus/probe"
      { printf "$start"'\x21\x21\0\x2c'; printf '\x20\x01%.0s' {1..16}; printf '\0\x50\x01\xbb\xee\0\x05\x01\x07\0\0\0'; } > "$corpus/six"
      ;;
    # Questions: A with EDNS, AAAA, CNAME, and a name that points at itself.
    dns)
      head='\x12\x34\x01\0\0\x01\0\0\0\0' name='\x07contoso\x09azure-api\x03net\0'
      printf "$head"'\0\x01'"$name"'\0\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0' > "$corpus/a"
      printf "$head"'\0\0'"$name"'\0\x1c\0\x01' > "$corpus/aaaa"
      printf "$head"'\0\0'"$name"'\0\x05\0\x01' > "$corpus/cname"
      printf "$head"'\0\0\xc0\x0c\0\x01\0\x01' > "$corpus/ring"
      ;;
    *) sed -nE 's/ ==> .*//; /^#/!p' ../crates/expr/tests/cases/*.cases | sed -E 's/^\{ (.*)\}$/\1/' | split -l1 -a4 - "$corpus/seed-" ;;
  esac
fi
args=(-artifact_prefix="artifacts/$target/" -timeout=10 -rss_limit_mb=2048 -max_len=600)
case $target in document | dns | proxy) ;; *) args+=(-dict=csharp.dict) ;; esac
binary=target/$triple/release/$target
if [ $# -gt 2 ]; then exec "$binary" "${args[@]}" "$3"; fi
exec nice -n 19 "$binary" "${args[@]}" -max_total_time="$seconds" -print_final_stats=1 "$corpus"
