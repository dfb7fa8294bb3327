"""TCP connection tracking by itself. The written conversations are also put to the kernel, in
tests/kernel/test_tcp_track.py."""

from __future__ import annotations

import struct
from random import Random

import pytest

from fwsim.machine.tcp import Knobs, Last, Track, glide, open_track, step
from fwsim.machine.tcp_states import SYSCTL, kind_of
from fwsim.machine.tcp_window import Row, Segment, Side, after, announced
from fwsim.model.names import TCP_FLAGS

from .tcp_cases import CASES, Table, read_case, segment

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = TCP_FLAGS.values()
DEFAULT = Knobs()


def opened(knobs: Knobs) -> Table:
    """After the usual handshake."""
    table = Table(knobs)
    for packet, _ in read_case("opened").packets:
        table.state_of(packet)
    return table


@pytest.mark.parametrize("name", CASES)
def test_written_conversations(name: str) -> None:
    case = read_case(CASES[name])
    table = Table.beginning(case.knobs, case.known)
    said = [(table.words(table.state_of(packet)), expected) for packet, expected in case.packets]
    assert [words for words, expected in said if expected] == [e for _, e in said if e]


def test_the_written_conversations_expect_something() -> None:
    assert len(CASES) > 40
    assert all(any(expected for _, expected in read_case(text).packets) for text in CASES.values())


def test_a_repeated_syn_does_not_keep_an_unanswered_connection_alive() -> None:
    syn = segment(0, SYN, 100)
    track = open_track(syn, DEFAULT)
    assert track is not None
    first = step(track, False, syn, DEFAULT, seen_reply=False, assured=False)
    again = step(first.track, False, syn, DEFAULT, seen_reply=False, assured=False)
    assert (first.timeout, again.kind, again.timeout) == (120, "accept", None)
    assert again.seconds_left(17) == 17


@pytest.mark.parametrize(("left", "then"), [(432000, 300), (301, 300), (200, 200), (50, 50)])
def test_fins_outside_from_both_ends_bring_a_far_deadline_nearer(left: int, then: int) -> None:
    table = opened(DEFAULT)
    table.state_of(segment(0, FIN | ACK, 0x70000000, 501))
    table.left = left
    assert table.state_of(segment(1, FIN | ACK, 0x70000000, 101)) == "INVALID"
    assert table.left == then


def test_a_short_unacknowledged_timeout_leaves_nearer_deadlines_than_two_minutes() -> None:
    table = opened(Knobs.from_sysctl({f"{SYSCTL}timeout_unacknowledged": 20}))
    for left, then in ((119, 119), (120, 20)):
        table.state_of(segment(0, RST | ACK, 0x70000000, 501))
        table.left = left
        table.state_of(segment(1, RST | ACK, 0x70000000, 101))
        assert table.left == then


def test_legal_flags() -> None:
    kinds = {kind_of(flags & ~(PSH | ECE | CWR)) for flags in range(256)}
    assert kinds == {"syn", "synack", "fin", "ack", "rst", "illegal"}
    legal = [flags for flags in range(256) if kind_of(flags) != "illegal"]
    assert len(legal) == 9 * 8  # PSH, ECE and CWR are free
    assert all(kind_of(flags) == kind_of(flags ^ PSH ^ CWR) for flags in range(256))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", (None, False)),
        ("0303070204040200", (7, False)),  # option 2 (MSS) of 4 bytes swallows SACK-permitted
        ("0303ff0104020000", (14, True)),
        ("00030307", (None, False)),
        ("01010402", (None, True)),
        ("030307030302", (2, False)),
        ("030207", (None, False)),  # an option of the wrong size is passed over
        ("0401030307", (None, False)),  # one that cannot be ends the reading
        ("fe20030307", (None, False)),
        ("01010103", (None, False)),
    ],
)
def test_options_of_a_syn(options: str, said: tuple[int | None, bool]) -> None:
    assert announced(bytes.fromhex(options)) == said


def test_order_is_that_of_the_circle() -> None:
    assert after(5, 4)
    assert not after(4, 4)
    assert after(3, 0xFFFFFFFF)
    assert not after(0xFFFFFFFF, 3)
    assert after(0x80000000, 0)  # half-way round: each lies ahead of the other
    assert after(0, 0x80000000)


def test_knobs_from_sysctl() -> None:
    assert Knobs.from_sysctl({}) == DEFAULT
    knobs = Knobs.from_sysctl(
        {f"{SYSCTL}loose": 0, f"{SYSCTL}timeout_close_wait": 7, "net.ipv4.ip_forward": 1}
    )
    assert not knobs.loose
    assert dict(knobs.timeouts) == {**DEFAULT.timeouts, "CLOSE_WAIT": 7}


def _track(rng: Random) -> Track:
    """A connection with any windows, near where numbers wrap around as often as not."""

    def number() -> int:
        return (rng.choice((0, 0xFFFFF000, 1 << 31)) + rng.randrange(3000)) & 0xFFFFFFFF

    def side() -> Side:
        end = number()
        maxend = (end + rng.choice((0, 500, 70_000))) & 0xFFFFFFFF
        return Side(
            end, maxend, rng.choice((1, 500, 66_001)), rng.choice((None, number())),
            scale=rng.choice((0, 7)), sacks=rng.random() < 0.5, liberal=rng.random() < 0.2,
            unacked=rng.random() < 0.5,
        )  # fmt: skip

    last = Last("ack", rng.random() < 0.5, number(), number(), number(), 500, repeats=254)
    return Track("ESTABLISHED", (side(), side()), last)


def _row(rng: Random, track: Track) -> Row:
    """An ACK that is about where it should be, or not quite."""
    back = rng.random() < 0.5
    sender, receiver = track.sides[back], track.sides[not back]
    slips = (*[0] * 12, 1, -1, 400, -400, -501, 70_000, -66_001, -66_002, 1 << 31)
    seq = (sender.end + rng.choice(slips)) & 0xFFFFFFFF
    end = (seq + rng.choice((0, 0, 1, 400, 1448))) & 0xFFFFFFFF
    ack = (receiver.end + rng.choice(slips)) & 0xFFFFFFFF
    sack = (ack + rng.choice((0, 0, 0, 300))) & 0xFFFFFFFF
    return back, seq, end, ack, sack, rng.choice((0, 500, 500, 65_535))


@pytest.mark.parametrize("number", range(20))
def test_many_segments_at_once_are_as_many_steps(number: int, seed: int) -> None:
    """`glide` against `step`: as far as all fit, the same connection and the same timeout."""
    rng, together = Random(f"glide {seed} {number}"), 0
    for _ in range(400):
        track, rows = _track(rng), list[Row]()
        knobs = Knobs(be_liberal=rng.random() < 0.1)
        stepped, timeout, count = track, 0, 0
        for _ in range(rng.randrange(1, 12)):
            rows.append(rows[-1] if rows and rng.random() < 0.3 else _row(rng, stepped))
            back, seq, end, ack, sack, win = rows[-1]
            edge = struct.pack("!BBBBII", 1, 1, 5, 10, (sack - 1) & 0xFFFFFFFF, sack)
            options = edge if sack != ack else b""
            packed = Segment(ACK, seq, end, ack, ack, win, options)
            done = step(stepped, back, packed, knobs, seen_reply=True, assured=True)
            alone, moved, seconds = glide(stepped, rows[-1:], knobs)
            if not alone:
                assert done.kind != "accept" or stepped.sides[back].liberal or knobs.be_liberal
                break
            assert (done.kind, done.track, done.timeout) == ("accept", moved, seconds)
            stepped, timeout, count = moved, seconds, count + 1
        assert glide(track, rows, knobs) == (count, stepped, timeout)
        together += count
    assert together > 300
