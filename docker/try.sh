#!/usr/bin/env bash
# Runs the compose files on a container engine and checks what each caller sees: docker/try.sh [SHAPE...]. Builds the image
# first; BUILD=--no-build takes one that is there. Works with `docker compose` and, over its socket, with podman.
set -euo pipefail
cd "$(dirname "$0")"
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
SYNC_KEY=${SYNC_KEY:-$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')}
export SYNC_KEY
shape=''
trap '[ -z "$shape" ] || "${compose[@]}" -f "compose.shape-$shape.yaml" down >/dev/null 2>&1' EXIT

# ask CALLER CURL-ARGUMENTS...: the body and the status, once anybody answers at all.
ask() {
  local caller=$1
  shift
  "${compose[@]}" -f "compose.shape-$shape.yaml" exec -T "$caller" curl -s -m 5 -w ' %{http_code}' "$@" || true
}
settled() { for _ in $(seq 30); do case $(ask "$@") in *' 000' | '') sleep 1 ;; *) return ;; esac; done; }
# expect WHAT ANSWER PATTERN
expect() {
  # shellcheck disable=SC2254
  case $2 in $3) echo "shape $shape: $1: $2" ;; *) echo "shape $shape: $1: '$2' is not '$3'" >&2 && exit 1 ;; esac
}

for shape in "${@:-2 3 7 8}"; do
  for shape in $shape; do
    "${compose[@]}" -f "compose.shape-$shape.yaml" up -d "${BUILD:---build}" >/dev/null
    case $shape in
      2 | 3)
        settled inside http://10.10.0.4:8080/who/
        expect 'inside' "$(ask inside http://10.10.0.4:8080/who/)" '10.10.0.* pe-1 200'
        outside='172.30.0.* null 200'
        [ "$shape" = 2 ] || outside='*Request originated from client public IP address 172.30.0.*please use the Private Endpoint* 403'
        expect 'outside' "$(ask outside http://172.30.0.4:8080/who/)" "$outside"
        ;;
      7)
        settled consumer -H 'Host: contoso.azure-api.net' http://10.20.0.9:8080/who/
        expect 'consumer' "$(ask consumer -H 'Host: contoso.azure-api.net' http://10.20.0.9:8080/who/)" '10.20.0.* null 200'
        expect 'consumer, at the gateway itself' "$(ask consumer http://10.10.0.4:8080/who/)" '* 000'
        ;;
      8)
        settled inside http://10.10.0.100:8080/
        admitted=0
        for _ in $(seq 40); do case $(ask inside http://10.10.0.100:8080/who/) in *' 200') admitted=$((admitted + 1)) ;; esac; done
        # A little more than the limit of twenty passes before the units have told each other.
        expect 'admitted of 40' "$admitted" '[12][0-9]'
        ;;
    esac
    "${compose[@]}" -f "compose.shape-$shape.yaml" down >/dev/null 2>&1
    shape=''
  done
done
