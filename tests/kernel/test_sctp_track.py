"""fwsim's SCTP connection tracking against the kernel's: random chunks between two hosts, compared
after every packet in ctstate, deadline, verification tags' effect and the connection's state."""

from __future__ import annotations

from random import Random

import pytest

from fwsim.machine.sctp import TIMEOUTS
from fwsim.machine.world import World
from fwsim.model.names import address_value
from fwsim.model.packet import SCTP, Packet

from .conversations import Sent
from .duel import Duel, Seen, same
from .lab import Lab, require_kernel
from .spec import SMALL, macs_of
from .test_random_walk import bare_world

require_kernel()

CONVERSATIONS, LENGTH = 60, 16
PREFIX = "net.netfilter.nf_conntrack_sctp_timeout_"
# So far apart that a deadline tells the state which it was set in, and never reached here.
SECONDS = {name: 1000 * at for at, name in enumerate(TIMEOUTS, 1)}
RULES = "*filter\n{}COMMIT\n".format("".join(
    f"-A FORWARD -m conntrack {asked}\n"
    for asked in (
        *(f"--ctstate {state}" for state in ("INVALID", "NEW", "ESTABLISHED")),
        *(f"--ctstatus {status}" for status in ("ASSURED", "SEEN_REPLY")),
        *(f"--ctstatus CONFIRMED --ctexpire {s - 500}:{s}" for s in SECONDS.values()),
    )
))  # fmt: skip
_MACS = macs_of(SMALL)
_ENDS = (("veth0", "docker1", "172.18.0.2", 1000), ("eth0", "eth0", "192.168.1.5", 38412))
_USUAL = ((0, 1), (1, 2), (0, 10), (1, 11), (0, 0), (1, 3), (0, 7), (1, 8), (0, 14))
_TAGS = (7, 8)  # each end's own: the other one's packets carry it
_INIT, _INIT_ACK = 1, 2


class _Talk:
    """An association in the usual order, now and then out of it."""

    def __init__(self, rng: Random, port: int) -> None:
        self.rng, self.port = rng, port
        self.steps = iter(_USUAL)

    def next(self) -> Sent:
        rng = self.rng
        end, kind = next(self.steps, (rng.randrange(2), rng.choice((0, 3, 4, 5, 7))))
        if rng.random() < 0.3:
            end, kind = rng.randrange(2), rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 99))
        kinds = [kind, *rng.choices((0, 3, 4, 5, 6, 10), k=rng.choice((0, 0, 0, 0, 1, 2)))]
        tag = 0 if kind == _INIT else _TAGS[1 - end]
        if rng.random() < 0.15:
            tag = rng.choice((0, *_TAGS, 9))
        payload = b"".join(self._chunk(kind, end) for kind in kinds)
        return self._sent(end, payload[: self._cut(payload)], tag)

    def _cut(self, payload: bytes) -> int:
        return self.rng.randrange(len(payload) + 1) if self.rng.random() < 0.05 else len(payload)

    def _chunk(self, kind: int, end: int) -> bytes:
        rng = self.rng
        own = rng.choice((*_TAGS, 9, 0)) if rng.random() < 0.1 else _TAGS[end]
        body = own.to_bytes(4) + bytes(12) if kind in (_INIT, _INIT_ACK) else bytes(4)
        if rng.random() < 0.1:
            body += bytes(rng.randrange(4))
        length = rng.choice((0, 4, 200)) if rng.random() < 0.03 else 4 + len(body)
        flags = rng.choice((0, 0, 0, 1))
        return bytes((kind, flags)) + length.to_bytes(2) + body + bytes(-len(body) % 4)

    def _sent(self, end: int, payload: bytes, tag: int) -> Sent:
        dev, to, src, sport = _ENDS[end]
        _, _, dst, dport = _ENDS[1 - end]
        ports = (sport + self.port, dport) if end == 0 else (sport, dport + self.port)
        packet = Packet(
            4, address_value(src, 4), address_value(dst, 4), SCTP, sport=ports[0], dport=ports[1],
            payload=payload if any(payload) else b"", head=tag.to_bytes(4),
            payload_len=0 if any(payload) else len(payload),
        )  # fmt: skip
        return Sent(dev, _MACS[to], packet)


def _world() -> World:
    world = bare_world()
    host = world.namespaces["host"]
    told = {f"{PREFIX}{name}": str(seconds) for name, seconds in SECONDS.items()}
    return world.with_namespace(host._replace(sysctl={**host.sysctl, **told}))


def _only(who: str, seen: Seen, other: Seen) -> list[str]:
    there = set(other.lines())
    return [f"{who}: {line}" for line in seen.lines() if line not in there]


@pytest.mark.parametrize("first", [0, 1])
def test_random_chunks(first: int, seed: int) -> None:
    states = set()
    with Lab() as lab:
        for name, seconds in SECONDS.items():
            lab.sysctl(PREFIX + name, seconds)
        assert lab.restore(RULES) == ""
        duel = Duel(lab, 4, _world(), tracked=True)
        for number in range(CONVERSATIONS):
            talk = _Talk(Random(f"{seed} {first} {number}"), number)
            if first:
                talk.steps = iter([(1 - end, kind) for end, kind in _USUAL])
            done = []
            for _ in range(LENGTH):
                sent = talk.next()
                done.append(f"{sent.dev} {sent.packet.vtag} {sent.packet.payload.hex()}")
                kernel, (fwsim, leg) = duel.kernel(sent), duel.fwsim(sent)
                states.add(leg.ctstate)
                states |= {row.state.split()[0] for row in fwsim.connections}
                assert same(kernel, fwsim, chance=False), "\n".join(
                    (*done, *_only("kernel", kernel, fwsim), *_only("fwsim", fwsim, kernel))
                )
    assert {"INVALID", "NEW", "ESTABLISHED"} < states
    assert len(states & {name.upper() for name in TIMEOUTS}) >= len(TIMEOUTS) - 2
