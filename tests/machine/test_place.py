from __future__ import annotations

import io
import os
import sys
import tarfile
import tracemalloc
import zlib
from collections import Counter
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from fwsim.machine import archive, pile
from fwsim.machine.place import examples, open_place
from fwsim.machine.world import World
from fwsim.model.errors import FwsimError, PlaceError, ReadError
from tests.machine.snapshots import ARTICLE, EXAMPLES, LO, RULES, write

# -- examples --------------------------------------------------------------------------------------


def test_no_place_is_the_article_and_says_so() -> None:
    world = open_place(None)
    assert world.title == (
        "example:article-outbound-only (built in; name your own rules with --from)"
    )
    assert open_place("example:article-outbound-only").title == "example:article-outbound-only"


def test_the_examples_add_the_articles_rules_one_by_one() -> None:
    counts = {}
    for name, description in examples():
        assert description
        forward = (
            open_place(f"example:{name}").namespaces["host"].rulesets[4].chain("filter", "FORWARD")
        )
        assert forward is not None
        counts[name] = (forward.policy, len(forward.rules))
    assert counts == {
        "article-before-docker": ("ACCEPT", 0),
        "article-after-docker": ("DROP", 6),
        "article-containers": ("DROP", 7),
        "article-outbound-only": ("DROP", 8),
        "article-complete": ("DROP", 9),
    }


def test_every_example_loads_without_a_doubt() -> None:
    for name, _ in examples():
        world = open_place(f"example:{name}")
        assert list(world.namespaces) == ["host", "internet", "ns0", "ns1"]
        assert world.notes == ()


def test_an_example_that_there_is_not() -> None:
    with pytest.raises(PlaceError, match="There is: article-complete"):
        open_place("example:article-compleat")
    with pytest.raises(PlaceError, match="article-before-docker, article-after-docker"):
        open_place("example:../article")


# -- files, directories, standard input ------------------------------------------------------------


def test_a_dump(tmp_path: Path) -> None:
    path = tmp_path / "rules"
    path.write_text(RULES)
    world = open_place(str(path))
    assert world.title == str(path)
    assert list(world.namespaces["host"].rulesets) == [4]


def test_a_dump_of_ipv6_shows_itself(tmp_path: Path) -> None:
    path = tmp_path / "rules"
    path.write_text("*filter\n-A INPUT -s fd00::1/128 -j DROP\nCOMMIT\n")
    assert list(open_place(str(path)).namespaces["host"].rulesets) == [6]


def test_a_directory(tmp_path: Path) -> None:
    write(tmp_path, {"iptables-save": RULES, "ip-addr.json": [LO]})
    world = open_place(str(tmp_path))
    assert world.title == str(tmp_path)
    assert list(world.namespaces["host"].devices) == ["lo"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    given = SimpleNamespace(buffer=io.BytesIO(RULES.encode()))
    monkeypatch.setattr(sys, "stdin", given)
    assert open_place("-").title == "standard input"
    given.buffer = io.BytesIO(b"*filter\n-A NONE -j ACCEPT\nCOMMIT\n")
    with pytest.raises(ReadError, match=r"^standard input:2:"):
        open_place("-")
    given.buffer = io.BytesIO(packed({"iptables-save": RULES}))
    assert open_place("-").namespaces["host"].rulesets[4].tables


def test_a_pipe_such_as_the_shells_substitution_makes() -> None:
    reading, writing = os.pipe()
    os.write(writing, RULES.encode())
    os.close(writing)
    try:
        assert open_place(f"/dev/fd/{reading}").namespaces["host"].rulesets[4].tables
    finally:
        os.close(reading)


LISTED = """\
Chain FORWARD (policy DROP)
target     prot opt source               destination
ACCEPT     all  --  172.18.0.0/16        anywhere
"""
SCRIPT = """\
echo 0 > /proc/sys/net/ipv4/ip_forward
ipset create good hash:ip
iptables -A INPUT -m set --match-set good src -j ACCEPT
"""


def test_every_form_that_people_paste_is_a_place(tmp_path: Path) -> None:
    world = open_place(str(write(tmp_path, {"listing": LISTED}) / "listing"))
    assert world.notes[0].startswith("read as a listing by iptables -L; lost: devices")
    assert world.namespaces["host"].rulesets[4].rule("filter", "FORWARD", 1).src
    world = open_place(str(write(tmp_path, {"fw.sh": SCRIPT}) / "fw.sh"))
    assert world.namespaces["host"].sysctl["net.ipv4.ip_forward"] == "0"
    assert "good" in world.namespaces["host"].sets
    assert not any("ip_forward = 1 is assumed" in note for note in world.notes)
    both = "*filter\n-A INPUT -s fe80::/10\nCOMMIT\n"
    world = open_place(str(write(tmp_path, {"both": RULES + both}) / "both"))
    assert sorted(world.namespaces["host"].rulesets) == [4, 6]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"*filter\nCOM\0MIT\n", "no text: it has a NUL byte in line 2"),
        (bytes(range(256)), "no text"),
        (b"\x1f\x8b\x08\x00junk", "cannot be unpacked"),
        (b"", "is empty"),
        (b"\xff\xfe\n", "outside any table|rules:1:1"),
    ],
)
def test_what_is_no_dump(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "rules"
    path.write_bytes(content)
    with pytest.raises(FwsimError, match=said):
        open_place(str(path))


@pytest.mark.parametrize("place", ["", "no/such/file", "\0", "x" * 5000])
def test_what_is_not_there(place: str) -> None:
    with pytest.raises(PlaceError, match="no such file or directory"):
        open_place(place)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(PlaceError, match="loop"):
        open_place(str(tmp_path / "loop"))


def test_a_dump_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pile, "MOST_BYTES", 10)
    path = write(tmp_path, {"rules": RULES}) / "rules"
    with pytest.raises(PlaceError, match="larger than"):
        open_place(str(path))


# -- archives --------------------------------------------------------------------------------------


def packed(files: dict[str, str], mode: str = "w:gz", *more: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            tar.addfile(member, io.BytesIO(content.encode()))
        for member in more:
            tar.addfile(member, io.BytesIO(b"\0" * member.size))
    return out.getvalue()


def opened(folder: Path, content: bytes, name: str = "x.tar.gz") -> World:
    (folder / name).write_bytes(content)
    return open_place(str(folder / name))


@pytest.mark.parametrize("top", ["", "./", "snap/", "./a/b/"])
@pytest.mark.parametrize(("mode", "name"), [("w:gz", "x.tar.gz"), ("w", "x.tar"), ("w", "packed")])
def test_an_archive_is_its_directory(tmp_path: Path, top: str, mode: str, name: str) -> None:
    paths = [path for path in ARTICLE.rglob("*") if path.is_file()]
    files = {f"{top}{path.relative_to(ARTICLE)}": path.read_text() for path in paths}
    files[f"{top}host/iptables-save"] = (EXAMPLES / "article-complete.save").read_text()
    world = opened(tmp_path, packed(files, mode), name)
    expected = open_place("example:article-complete")
    assert {n: (ns.devices, ns.routes) for n, ns in world.namespaces.items()} == {
        n: (ns.devices, ns.routes) for n, ns in expected.namespaces.items()
    }
    assert world.title == str(tmp_path / name)


def test_a_host_alone_needs_no_directory(tmp_path: Path) -> None:
    for top in ("", "host/", "snap/", "snap/host/"):
        world = opened(tmp_path, packed({f"{top}iptables-save": RULES}))
        assert list(world.namespaces) == ["host"]


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0
) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size
    return made


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (member("/etc/iptables-save"), "lies outside"),
        (member("../iptables-save"), "lies outside"),
        (member("host/../../iptables-save"), "lies outside"),
        (member("ss", tarfile.SYMTYPE, "/etc/passwd"), "neither a plain file"),
        (member("ss", tarfile.LNKTYPE, "iptables-save"), "neither a plain file"),
        (member("ss", tarfile.CHRTYPE), "neither a plain file"),
        (member("ss", tarfile.BLKTYPE), "neither a plain file"),
        (member("host/..", tarfile.DIRTYPE), "lies outside"),
        (member("ss", tarfile.FIFOTYPE), "neither a plain file"),
        (member("big", size=2000), "too much"),
    ],
)
def test_archives_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: tarfile.TarInfo, said: str
) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(PlaceError, match=said):
        opened(tmp_path, packed({"iptables-save": RULES}, "w:gz", bad))


def test_archives_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = packed({"iptables-save": RULES, "a": "", "b": ""})
    monkeypatch.setattr(archive, "MOST_MEMBERS", 2)
    with pytest.raises(PlaceError, match="too much"):
        opened(tmp_path, many)
    monkeypatch.setattr(archive, "MOST_UNPACKED", 5000)
    with pytest.raises(PlaceError, match="unpacks to more"):
        opened(tmp_path, many)


@pytest.mark.parametrize("end", range(0, 150, 7))
def test_archives_cut_off_are_refused(tmp_path: Path, end: int) -> None:
    whole = packed({"iptables-save": RULES})
    assert len(whole) > end
    with pytest.raises(PlaceError, match=r"x\.tar\.gz"):
        opened(tmp_path, whole[:end])


def test_the_same_file_twice_is_a_doubt(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="keep one"):
        opened(tmp_path, packed({"iptables-save": RULES, "host/iptables-save": RULES}))


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g"])
def test_an_archive_of_names_alone_is_refused(tmp_path: Path, kind: bytes) -> None:
    header = member("././@LongLink", kind).tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(PlaceError, match="no tar archive, or a broken one"):
        opened(tmp_path, header * 5000 + bytes(1024), "x.tar")


def test_an_archive_that_unpacks_to_much_is_not_unpacked(tmp_path: Path) -> None:
    bomb = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    data = b"".join([*(bomb.compress(zeros) for _ in range(300)), bomb.flush()])
    assert len(data) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(PlaceError, match="unpacks to more than 128 MiB"):
            opened(tmp_path, data)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used < 400 << 20


def test_headers_that_are_changed_at_random_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    formats = (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT)
    ended = Counter[str]()
    for number in range(300):
        rng = Random(f"tar {seed} {number}")
        data = bytearray(odd_archive(rng.choice(formats)))
        for _ in range(rng.choice((1, 3, 8))):
            block = rng.randrange(0, len(data), 512)
            data[block + rng.choice((0, 100, 124, 125, 135, 156, 157, 345))] = rng.randrange(256)
        try:
            opened(tmp_path, checked(data), "x.tar")
            ended["read"] += 1
        except FwsimError:
            ended["refused"] += 1
    assert min(ended["read"], ended["refused"]) > 20, ended


def odd_archive(form: int) -> bytes:
    """With extended headers, as far as the format has them."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name in ("iptables-save", "x/" + "y" * 90 + "/" + "z" * 90 + "/ss", "ip-addr.json"):
            made = member(name, size=len(RULES if name == "iptables-save" else "[]"))
            made.pax_headers = {"mtime": "1.5"}
            tar.addfile(made, io.BytesIO((RULES if made.size > 2 else "[]").encode()))
    return out.getvalue()


def checked(data: bytearray) -> bytes:
    """Every header with the checksum that it should have."""
    for at in range(0, len(data) - 511, 512):
        if data[at + 257 : at + 262] == b"ustar":
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    return bytes(data)
