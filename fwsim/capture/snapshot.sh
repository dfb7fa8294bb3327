#!/bin/sh
# Write down what fwsim needs to know of this host: rules, addresses, routes, neighbours, sockets,
# connections, settings. Only reads; needs a POSIX shell and the usual tools, better as root.
#
#   sh snapshot.sh -o DIRECTORY [--netns NAME]... [--docker] [--all]
#
# The network namespace that it runs in becomes DIRECTORY/host. --netns adds one of `ip netns`,
# --docker those of running Docker and podman containers, --all both kinds. What cannot be had is
# said and left out. Of containers only names, process ids and network settings are kept: no
# environment, no labels, no mounts, no commands.
set -u
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH
umask 077

# Names are other people's: without what could drive a terminal.
say() { printf '%s\n' "$*" | tr -d '\000-\011\013-\037\177' >&2; }
fail() { say "snapshot: $*"; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

out= names= docker= all= written=
while [ $# -gt 0 ]; do
  case $1 in
    -o) [ $# -gt 1 ] || fail "-o wants a directory"; out=$2; shift ;;
    --netns) [ $# -gt 1 ] || fail "--netns wants a name"; names="$names $2"; shift ;;
    --docker) docker=yes ;;
    --all) all=yes; docker=yes ;;
    *) fail "unknown option $1" ;;
  esac
  shift
done
[ -n "$out" ] || fail "-o DIRECTORY is missing"
mkdir -p "$out" || fail "cannot make $out"
[ -z "$(ls -A "$out")" ] || fail "$out is not empty"
[ "$(id -u)" -eq 0 ] || say "not root: rules, connections and other namespaces will be missing"

# keep DIRECTORY FILE COMMAND...: the command's output, or a word on why there is none.
keep() {
  directory=$1 file=$2
  shift 2
  if "$@" >"$directory/$file" 2>"$out/.why"; then
    :
  else
    rm -f "$directory/$file"
    say "left out: $(basename "$directory")/$file: $(head -n 1 "$out/.why")"
  fi
  rm -f "$out/.why"
}

# rules PROGRAM FILE PREFIX...: the rules of the backend that holds some. Where both of iptables'
# backends do, both are in force, and one file has room for only one.
rules() {
  program=$1 file=$2
  shift 2
  case $("$@" "$program" --version 2>/dev/null) in
    *nf_tables*) other=$program-legacy-save ;;
    *) other=$program-nft-save ;;
  esac
  keep "$out/$name" "$file" "$@" "$program-save" -c
  have "$other" && "$@" "$other" 2>/dev/null | grep -q '^-A' || return 0
  if grep -q -e '-A ' -e '^:[A-Z]* DROP' "$out/$name/$file" 2>/dev/null; then
    say "note: $other has rules too, which are in force and not in this snapshot"
  else
    keep "$out/$name" "$file" "$@" "$other" -c
  fi
}

# namespace NAME PREFIX...: one namespace, entered by PREFIX (nothing for the one we are in). One
# that has two names is written once: a container may share its, and podman gives each a name.
namespace() {
  name=$1
  shift
  case $name in
    ""|.*|*[!A-Za-z0-9_.-]*) say "left out: a namespace named '$name'"; return ;;
  esac
  if ! which=$("$@" readlink /proc/self/ns/net 2>"$out/.why") && [ $# -gt 0 ]; then
    say "left out: namespace $name: $(head -n 1 "$out/.why")"
    rm -f "$out/.why"
    return
  fi
  rm -f "$out/.why"
  [ -z "$which" ] || case " $written " in *" $which "*) return ;; esac
  written="$written $which"
  [ ! -e "$out/$name" ] || { say "left out: a second namespace named $name"; return; }
  mkdir "$out/$name" || return
  rules iptables iptables-save "$@"
  rules ip6tables ip6tables-save "$@"
  have ipset && keep "$out/$name" ipset-save "$@" ipset save
  keep "$out/$name" ip-addr.json "$@" ip -j -d addr
  keep "$out/$name" ip-route.json "$@" ip -j route show table all
  keep "$out/$name" ip-route6.json "$@" ip -j -6 route show table all
  keep "$out/$name" ip-rule.json "$@" ip -j rule
  keep "$out/$name" ip-rule6.json "$@" ip -j -6 rule
  keep "$out/$name" ip-neigh.json "$@" ip -j neigh
  keep "$out/$name" bridge-fdb.json "$@" bridge -j fdb
  keep "$out/$name" conntrack "$@" conntrack -L -o extended
  keep "$out/$name" sysctl settings "$@"
  keep "$out/$name" ss "$@" ss -tulnH
}

settings() {
  "$@" sysctl -a 2>/dev/null | grep '^net\.'
}

# Only these of a container's or a network's properties leave the host.
container='{"Name":{{json .Name}},"Id":{{json .ID}},"State":{"Pid":{{json .State.Pid}}},"HostConfig":{"NetworkMode":{{json .HostConfig.NetworkMode}}},"NetworkSettings":{{json .NetworkSettings}}}'
network='{"Name":{{json .Name}},"Id":{{json .Id}},"Driver":{{json .Driver}},"Internal":{{json .Internal}},"EnableIPv6":{{json .EnableIPv6}},"IPAM":{{json .IPAM}},"Containers":{{json .Containers}}}'

listed='{"ID":{{json .ID}},"Names":{{json .Names}},"Networks":{{json .Networks}},"Ports":{{json .Ports}}}'

as_list() { # lines of JSON objects as one JSON list
  sed -e '/^$/d' -e '$!s/$/,/' -e '1s/^/[/' -e '$s/$/]/'
}

inspected() {
  lines=
  for engine in $engines; do
    lines="$lines
$("$engine" inspect --format "$container" $("$engine" ps -q))" || return
  done
  printf '%s\n' "$lines" | grep . | as_list
}
networks() { docker network inspect --format "$network" $(docker network ls -q) | as_list; }

# The engines that answer and run something; podman prints the same where it is asked the same.
engines=
running() {
  for engine in docker podman; do
    have $engine || continue
    ids=$($engine ps -q 2>/dev/null) || { say "left out: $engine's containers: no answer"; continue; }
    [ -z "$ids" ] || engines="$engines $engine"
  done
}

containers() {
  for id in $("$1" ps -q); do
    found=$("$1" inspect --format '{{.Name}} {{.State.Pid}}' "$id") || continue
    name=${found% *} pid=${found##* }
    namespace "${name#/}" nsenter -t "$pid" -n
  done
}

namespace host
for name in $names; do
  namespace "$name" ip netns exec "$name"
done
if [ -n "$docker" ]; then
  running
  case $engines in *docker*)
    keep "$out/host" docker-ps.json docker ps --format "$listed"
    keep "$out/host" docker-network-inspect.json networks ;;
  esac
  [ -z "$engines" ] || keep "$out/host" docker-inspect.json inspected
  for engine in $engines; do containers $engine; done
fi
if [ -n "$all" ]; then
  for name in $(ip netns list 2>/dev/null | cut -d' ' -f1); do
    namespace "$name" ip netns exec "$name"
  done
fi
exit 0
