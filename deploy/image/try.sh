#!/bin/bash
# Runs an unpacked Gatehouse image the strict way and asks it. Called by build.sh inside a mount and a
# network namespace of its own, so only loopback exists and every mount disappears with the process.
set -euo pipefail
root=$1

ip link set lo up 2>/dev/null || "${PYTHON:-python3}" - <<'PY'
import fcntl, socket, struct
with socket.socket() as handle:  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING, where iproute2 is missing
    fcntl.ioctl(handle, 0x8914, struct.pack("16sH14x", b"lo", 0x41))
PY
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
mount -t tmpfs -o mode=0750,uid=65532,gid=65532,nosuid,nodev tmpfs "$root/var/lib/gatehouse"
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for device in null zero random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root"

inside() { # one call, one process: exec, so that a background call's id is the program's own
  exec chroot --userspec=65532:65532 "$root" /usr/bin/env -i PATH=/opt/gatehouse/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LITELLM_LOCAL_MODEL_COST_MAP=True \
    HF_HUB_OFFLINE=1 GATEHOUSE_HOST=0.0.0.0 "$@"
}

(inside sh -c '! touch /opt/gatehouse/probe 2>/dev/null') || { echo 'the root is writable' >&2; exit 1; }
inside sh -c 'cd /var/lib/gatehouse && exec gatehouse serve' &
server=$!
started=$SECONDS
until (inside gatehouse health >/dev/null 2>&1); do
  kill -0 "$server" 2>/dev/null || { echo 'the server ended' >&2; exit 1; }
  ((SECONDS - started < 60)) || { echo 'not healthy after 60 s' >&2; exit 1; }
  sleep 0.2
done
echo "healthy as user 65532, read-only root, no network, after $((SECONDS - started)) s"

(inside python3 -) <<'PY'
import json, urllib.request

def ask(text):
    body = json.dumps({"model": "scripted", "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(
        "http://127.0.0.1:8080/v1/chat/completions", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["choices"][0]

choice = ask("What is the capital of France?")
assert choice["message"]["content"], choice
print("answered:", choice["finish_reason"], "|", choice["message"]["content"][:100].replace("\n", " "))
with urllib.request.urlopen("http://127.0.0.1:8080/metrics", timeout=10) as answer:
    assert b"gatehouse_exchanges_total" in answer.read()
print("metrics are served")
PY

kill -TERM "$server"
for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
kill -0 "$server" 2>/dev/null && { echo 'still running 10 s after SIGTERM' >&2; kill -KILL "$server"; exit 1; }
code=0; wait "$server" || code=$?
# 143: the server finished its shutdown and then let the signal have its ordinary effect
((code == 0 || code == 143)) || { echo "ended with status $code on SIGTERM" >&2; exit 1; }
echo "stopped on SIGTERM with status $code"
