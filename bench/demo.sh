#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Shows garner at work, on loopback only: a few hundred files of mixed sizes from a local nginx
# over HTTP/1.1 and over HTTP/2, their digests compared, records and summary; then Ctrl-C in the
# middle of a slow run. Called by ./bootstrap demo with the program to show.
set -euo pipefail

garner=$(readlink -f "${1:-./garner}")
PATH=$PATH:/usr/sbin
tmp=$(mktemp -d)
nginx_pid=
trap 'stop_server; rm -rf "$tmp"' EXIT
export XDG_CONFIG_HOME=$tmp/none
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

count=300
failures=0

say()
{
    printf '\n\033[1m%s\033[0m\n' "$*"
}

# shown WORD...: a command as one would type it, then its run
shown()
{
    local words=("${@//$garner/garner}")
    printf '$ %s\n' "${words[*]}"
    "$@"
}

result()
{
    if [ "$2" = "$3" ]; then
        printf '  ok      %s: %s\n' "$1" "$2"
    else
        printf '  WRONG   %s: %s, not %s\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

stop_server()
{
    [ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
    nginx_pid=
}

# Files of 0 bytes to 4 MiB, most of them small, and their digests.
make_files()
{
    mkdir "$tmp/root"
    local i size
    for ((i = 0; i < count; i++)); do
        case $((i % 10)) in
        0) size=$((i % 3)) ;;
        9) size=$((i * 5000)) ;;
        5) size=$((i * 700)) ;;
        *) size=$((i * 37 + 11)) ;;
        esac
        head -c "$size" /dev/urandom >"$tmp/root/$(printf 'file-%03d.bin' "$i")"
    done
    head -c 4194304 /dev/urandom >"$tmp/root/file-007.bin"
    (cd "$tmp/root" && sha256sum -- *) >"$tmp/SHA256SUMS"
}

make_certificate()
{
    (
        cd "$tmp"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -keyout key.pem -out cert.pem -subj /CN=localhost \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1
    ) 2>/dev/null
}

start_server()
{
    local user=
    [ "$(id -u)" != 0 ] || user='user root;'
    for ((try = 0; try < 10; try++)); do
        port=$((20000 + RANDOM % 20000))
        cat >"$tmp/nginx.conf" <<CONF
$user
daemon off;
pid $tmp/pid;
error_log $tmp/error.log;
events { worker_connections 2048; }
http {
    access_log off;
    client_body_temp_path $tmp/t1; proxy_temp_path $tmp/t2; fastcgi_temp_path $tmp/t3;
    uwsgi_temp_path $tmp/t4; scgi_temp_path $tmp/t5;
    keepalive_requests 100000;
    server {
        listen 127.0.0.1:$port;
        listen 127.0.0.1:$((port + 1)) ssl http2;
        ssl_certificate $tmp/cert.pem;
        ssl_certificate_key $tmp/key.pem;
        root $tmp/root;
        location /slow/ { alias $tmp/root/; limit_rate 50k; }
    }
}
CONF
        nginx -p "$tmp" -e "$tmp/error.log" -c "$tmp/nginx.conf" >/dev/null 2>&1 &
        nginx_pid=$!
        for ((wait = 0; wait < 100; wait++)); do
            kill -0 "$nginx_pid" 2>/dev/null || break
            # The port may be another program's: nginx writes its pid once it has its own.
            if [ -s "$tmp/pid" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
                return
            fi
            sleep 0.05
        done
        stop_server
    done
    cat "$tmp/error.log" >&2
    return 1
}

# list BASE > one URL a line
list()
{
    local name
    while read -r _ name; do
        printf '%s/%s\n' "$1" "$name"
    done <"$tmp/SHA256SUMS"
}

# compare DIR: whether all files arrived, with the right bytes
compare()
{
    local right
    right=$( (cd "$1" && sha256sum -c "$tmp/SHA256SUMS") 2>/dev/null | awk '/: OK$/ { n++ } END { print n + 0 }') || true
    result "files with the right digest" "$right" "$count"
    result "files in all" "$(find "$1" -type f | wc -l)" "$count"
}

# states FILE: how many records of which state
states()
{
    grep -o '"state":"[a-z]*"' "$1" | sort | uniq -c | awk '{ gsub(/"state":|"/, "", $2); printf "%s%s %s", sep, $1, $2; sep = ", " }'
}

cd "$tmp"
say "$count files of mixed sizes, and an nginx that serves them"
make_files
make_certificate
start_server
du -sh --apparent-size root | cut -f 1

say "HTTP/1.1: a list, with progress (at most 4 MiB a second, so that there is some to see)"
list "http://127.0.0.1:$port" >http1.txt
progress=plain
[ ! -t 2 ] || progress=auto # on a terminal: a display that is redrawn in place
shown "$garner" -i http1.txt -d one --progress "$progress" --limit-rate 4M --print none || true
compare one

say "The same command again has nothing to do"
shown "$garner" -i http1.txt -d one --print new || true

say "HTTP/2 over TLS: records as JSON, one line a file as it ends"
list "https://127.0.0.1:$((port + 1))" >http2.txt
shown "$garner" -i http2.txt -d two --cacert cert.pem --json --records records.jsonl --print none || true
echo "the first two of $(wc -l <records.jsonl) records:"
head -n 2 records.jsonl
result "states" "$(states records.jsonl)" "$count finished"
result "HTTP versions" "$(grep -o '"version":"[0-9.]*"' records.jsonl | sort -u)" '"version":"2"'
compare two

say "Ctrl-C in the middle of a slow run (50 kB/s a file)"
list "http://127.0.0.1:$port/slow" >slow.txt
echo "\$ garner -i slow.txt -d three --json > cut.jsonl    # and Ctrl-C after 1.5 s"
# A job in the background of a script ignores SIGINT; garner would respect that.
env --default-signal=INT "$garner" -i slow.txt -d three --json >cut.jsonl &
pid=$!
sleep 1.5
began=$(date +%s%N)
kill -INT "$pid"
status=0
wait "$pid" || status=$?
printf '  ended after %s ms; records: %s\n' $((($(date +%s%N) - began) / 1000000)) "$(states cut.jsonl)"
result "status" "$status" 130
wrong=0 whole=0
while read -r digest name; do
    [ -e "three/$name" ] || continue
    if [ "$(sha256sum <"three/$name" | cut -d ' ' -f 1)" = "$digest" ]; then
        whole=$((whole + 1))
    else
        wrong=$((wrong + 1))
    fi
done <SHA256SUMS
result "files under a final name that are incomplete ($whole are whole)" "$wrong" 0

say "The same list again, now that the server is fast: only the rest is downloaded"
sed -i 's/limit_rate 50k;//' nginx.conf
kill -HUP "$nginx_pid"
sleep 0.5
shown "$garner" -i slow.txt -d three --print none || true
compare three

if [ "$failures" != 0 ]; then
    say "$failures things went wrong"
    exit 1
fi
say "All as it should be."
