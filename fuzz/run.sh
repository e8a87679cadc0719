#!/usr/bin/env bash
# Builds a fuzz target with libFuzzer's coverage on the stable compiler and runs it: fuzz/run.sh TARGET [SECONDS].
# A finding is written to fuzz/artifacts/TARGET; give its path as a third argument to run it alone.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?csharp, document, evaluate or library} seconds=${2:-300}
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
    *) sed -nE 's/ ==> .*//; /^#/!p' ../crates/expr/tests/cases/*.cases | sed -E 's/^\{ (.*)\}$/\1/' | split -l1 -a4 - "$corpus/seed-" ;;
  esac
fi
args=(-artifact_prefix="artifacts/$target/" -timeout=10 -rss_limit_mb=2048 -max_len=600)
[ "$target" = document ] || args+=(-dict=csharp.dict)
binary=target/$triple/release/$target
if [ $# -gt 2 ]; then exec "$binary" "${args[@]}" "$3"; fi
exec nice -n 19 "$binary" "${args[@]}" -max_total_time="$seconds" -print_final_stats=1 "$corpus"
