"""Commands that scripts of iptables commands are full of, and that decide no rules. What stands in
none of these tables may decide some, and is refused."""

from __future__ import annotations

BEFORE = frozenset({"sudo", "exec", "command", "builtin", "nohup", "env", "nice"})
VARIABLES = frozenset({"export", "readonly", "declare", "local", "typeset", "unset", "read"})
# Whether they succeed; None where nobody knows.
STATUS = {"true": True, ":": True, "false": False, "[": None, "test": None, "return": None}
SUCCEEDS = frozenset({"echo", "printf", "cd", "set", "umask", "trap", "sleep", "logger"})
HARMLESS = SUCCEEDS | {
    "apt", "apt-get", "arp", "awk", "basename", "brctl", "bridge", "cat", "chattr", "chmod",
    "chown", "clear", "conntrack", "cp", "curl", "cut", "date", "depmod", "dig", "dirname",
    "dmesg", "dnf", "egrep", "ethtool", "expr", "fgrep", "find", "grep", "head", "host",
    "hostname", "id", "ifconfig", "insmod", "ip", "iptables-save", "ip6tables-save", "kill",
    "killall", "ln", "ls", "lsmod", "mkdir", "modprobe", "mv", "netstat", "ping", "popd", "pushd",
    "pwd", "rm", "rmdir", "rmmod", "route", "sed", "shift", "sort", "ss", "stty", "sysctl", "tail",
    "tc", "tee", "touch", "tput", "tr", "type", "ulimit", "uname", "uniq", "wait", "wc", "wget",
    "which", "whoami", "yum",
}  # fmt: skip
# Only with one of these words behind them.
_LSB = {"/lib/lsb/init-functions", "/lib/init/vars.sh", "/etc/init.d/functions"}
HARMLESS_IF = {
    ".": _LSB,
    "source": _LSB,
    "service": {"save", "status"},
    "netfilter-persistent": {"save", "status"},
    "systemctl": {"enable", "disable", "mask", "unmask", "status", "is-active", "daemon-reload"},
}
