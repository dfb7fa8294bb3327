"""Published rulesets are read, saved and listed exactly as the real iptables does."""

from __future__ import annotations

from functools import cache

import pytest
from language.dumps import Published, published

from fwsim.language.read import read
from fwsim.language.ruleset import Ruleset
from fwsim.language.write import save
from fwsim.model.errors import ReadError

from .existing import make_sets_named
from .netns import Netns, require_kernel
from .test_listing_real import alike, same_listings, tool, without_names

require_kernel()
if not published():
    pytest.skip("the corpus of published rulesets is not here", allow_module_level=True)

_ACCEPTED = [file for file in published() if file.accepted]
_UNKNOWN = "fwsim does not know the "


@cache
def _read(file: Published) -> Ruleset | ReadError:
    try:
        return read(file.text(), file.family, str(file))
    except ReadError as error:
        return error


_READ = [file for file in _ACCEPTED if isinstance(_read(file), Ruleset)]


def test_most_are_read() -> None:
    assert len(_ACCEPTED) >= 367
    assert len(_READ) >= 308


@pytest.mark.parametrize("file", [f for f in _ACCEPTED if f not in _READ], ids=str)
def test_the_others_use_what_fwsim_says_it_does_not_know(file: Published) -> None:
    assert _UNKNOWN in str(_read(file))


@pytest.mark.parametrize("file", [f for f in published() if not f.accepted], ids=str)
def test_what_iptables_refuses_is_refused_with_its_place(file: Published) -> None:
    error = _read(file)
    if not file.text().endswith("\n") and not isinstance(error, ReadError):
        return  # iptables-nft takes a COMMIT that no line end follows
    assert isinstance(error, ReadError)
    assert error.span is not None


@pytest.mark.parametrize("file", _READ, ids=str)
def test_is_saved_alike(file: Published) -> None:
    ruleset = _read(file)
    assert isinstance(ruleset, Ruleset)
    expected = _restored(file, "-c")
    counted = expected is not None  # -c refuses a policy without counters
    alike(expected or _restored(file) or "", save(ruleset, counters=counted), file)


def _restored(file: Published, *flags: str) -> str | None:
    """What the real iptables saves after it has loaded the file; None if it refuses it."""
    with Netns() as host:
        make_sets_named(host, file.text(), file.family)
        if host.attempt(tool(file.family, "-restore"), *flags, text=file.text()).returncode:
            return None
        lines = host.run(tool(file.family, "-save"), *flags).splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("#"))


def test_are_listed_alike() -> None:
    for file in _READ[::7]:
        ruleset = _read(file)
        assert isinstance(ruleset, Ruleset)
        with Netns() as host:
            without_names(host)
            make_sets_named(host, file.text(), file.family)
            if host.attempt(tool(file.family, "-restore"), "-c", text=file.text()).returncode == 0:
                same_listings(host, ruleset)
