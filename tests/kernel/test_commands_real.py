"""How commands may be spelled: fwsim takes and refuses what the real iptables does, and leaves the
same rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fwsim.language.commands import apply
from fwsim.language.read import read
from fwsim.language.write import save
from fwsim.model.errors import ReadError
from kernel.netns import Netns

BEFORE = """*mangle
:PREROUTING ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [1:84]
:OUTPUT ACCEPT [0:0]
:U - [0:0]
[5:420] -A FORWARD -j U
[3:252] -A U -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
COMMIT
"""
COMMANDS = """
-w5 -A U|-w 5 -A U|--wait=5 -A U|--wait 5 -A U|-A U -w|-A U -w5|-w x -A U|-wx -A U|--wai -A U
-W 500 -w 2 -A U|-W500 -w -A U|-W 500 -A U|-W -A U|--wait-i -A U|-M /x -A U|--mo /x -A U|-vA U
-vAU|-vvA U|-4A U|-vIU 1|-vI U1|-vD FORWARD 1|-D FORWARD1|-DFORWARD 1|-vP FORWARD ACCEPT|-vF|-vFU
-vXU|-vNV|-vN V|-EU V|-vZ|-ZU|-Z U 1|-nvL|-nvLU|-Lnv|-L -nv --line-numbers|-S -v|-S -n|-nS|-Z -L
-L -Z|-L U -Z|-LZ|-ZL|-S -Z|-L U 1|-L U 1 -Z|-Z -S U|-F -4|-4 -F|-4 -L|-N V -v|-N V -n|-N V W
-tnat -A POSTROUTING|--tab nat -A POSTROUTING|--t=nat -F|-A POSTROUTING -t nat|-vt nat -F
-vtnat -F|-t nat -t filter -A U|-t nosuch -L|-tnosuch -L|-t|-A U -t|-M|-A U -j DROP --
-A U -- -j DROP|-A U -|--app U|--a U|--app=U|--in U|--i U|--ins U|--insert=U 1|--de U 1|--del U 1
--delete U 1|--delete-c U|--re U 1 -j DROP|--rep U 1 -j DROP|--ren U V|--n V|--ne V|--nu -L
--pol FORWARD ACCEPT|--p FORWARD DROP|--f U|--fl U|--fr|--z|--li|--lis|--list|--list-|--lin -L
--v -L|--ver -L|--verb -L|--ch FORWARD -j U|-A U -vj DROP|-A U -vp tcp|-A U -vvs 1.2.3.4
-A U -fj DROP|-A U -fvj DROP|-fA U|-A U ! -fj DROP|-A U -s1.2.3.4|-A U -ptcp|-A U -jDROP
-A U --jump=DROP|-A U --ju DROP|-A U --so 1.2.3.4|-A U --s 1.2.3.4|-A U --des 1.2.3.4
-A U --d 1.2.3.4|-A U --pro tcp|-A U --in-i eth0|-A U --out eth0|-A U --o eth0|-A U -p tcp --dp 80
-A U -p tcp --dest 80|-A U -p udp --destination-p 53|-A U -p icmp --icmp-t 8|-A U -mtcp -p tcp
-A U --mat tcp -p tcp|-A U --fra|-A U -c1 2|-A U -c 1,2|-A U -c1,2|-A U --set-c 1 2
-P FORWARD ACCEPT -c 1 2|-c 1 2 -P FORWARD ACCEPT|-P FORWARD -c 1 2 ACCEPT|-c1,2 -P FORWARD ACCEPT
-j DROP -A U|-i eth0 -vA U|! -s 1.2.3.4 -A U|! -vA U|-A U -A U|-A U -D U 1|-Z -F|-A U foo|foo -A U
-A U -m comment --comment -w|-A U -m comment --comment -t -j DROP|-A U -m comment --comment -vn
-A U -m comment --comment=-t|-A U -j LOG --log-prefix -v
-A U -p tcp --tcp-flags SYN,ACK SYN -vj DROP|-A U -j LOG -w --log-level 4|-A U -i -v -j DROP
-A U -i -4 -j DROP|-A U -m conntrack --ctst NEW -vj DROP|-A U -p tcp -m multiport --dp 80,81
-A U -p tcp -m multiport --dports 80,81 -vw5j DROP|--ipv4=3 -A U|--ipv -A U|-6 -A U|-A U -x
-A U -n|-A U --line-numbers|-X U -n|-I U 0|-I U 01|-I U 1x
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Netns]:
    with Netns() as netns:
        yield netns


@pytest.mark.parametrize(
    "words", [w for line in COMMANDS.split("\n") for w in line.split("|") if w]
)
def test_a_command_is_taken_or_refused_as_by_iptables(machine: Netns, words: str) -> None:
    machine.run("iptables-legacy-restore", "-c", text=BEFORE)
    real = machine.attempt("sh", "-c", f"iptables-legacy {words}")
    rulesets = {4: read(BEFORE, 4)}
    try:
        apply(rulesets, f"iptables {words}")
    except ReadError:
        assert real.returncode
        return
    assert not real.returncode, real.stderr
    assert _tables(save(rulesets[4], counters=True)) == _tables(
        machine.run("iptables-legacy-save", "-c")
    )


def _tables(dump: str) -> list[str]:
    """Its tables, in any order."""
    lines = [line for line in dump.splitlines() if not line.startswith("#")]
    return sorted("\n".join(lines).split("COMMIT"))


@pytest.mark.parametrize("size", range(27, 34))
def test_names_that_iptables_could_not_use_are_refused(machine: Netns, size: int) -> None:
    """It renames to 29 bytes and more, and then no command takes the name."""
    name = "x" * size
    machine.run("iptables-legacy-restore", "-c", text=BEFORE)
    usable = machine.attempt(
        "sh", "-c", f"iptables-legacy -E U {name} && iptables-legacy -L {name}"
    )
    try:
        apply({4: read(BEFORE, 4)}, f"iptables -E U {name}")
    except ReadError:
        assert usable.returncode
    else:
        assert not usable.returncode
