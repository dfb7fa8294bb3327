"""The reader under a coverage-guided fuzzer, for as long as you like (pip install atheris):

    python tests/fuzz/reader.py -max_total_time=300 [CORPUS_DIRECTORY]

Ends with a traceback and a file of the input for anything but a FwsimError, a hang (-timeout=10),
or a ruleset whose saved form reads back differently.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import atheris

with atheris.instrument_imports(include=["fwsim"]):
    import fwsim
    import fwsim.language
    from fwsim.language.read import read_as_listed
    from fwsim.language.write import save
    from fwsim.model.errors import FwsimError

    for module in walk_packages(fwsim.language.__path__, "fwsim.language."):
        import_module(module.name)  # they would be imported on use, without being watched

sys.path.insert(0, str(Path(__file__).parents[1] / "language"))
UNREADABLE = import_module("unreadable").UNREADABLE
TABLES = ("filter", "nat", "mangle", "raw", "security")


def one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    family = provider.PickValueInList([4, 6])
    table = provider.PickValueInList([*TABLES, ""])
    text = provider.ConsumeUnicodeNoSurrogates(provider.remaining_bytes())
    if table:
        text = f"*{table}\n{text}\nCOMMIT\n"
    try:
        rules = fwsim.read(text, family)
    except FwsimError:
        return
    saved = save(rules, counters=True)
    if not UNREADABLE.search(saved):
        assert save(read_as_listed(saved, family), counters=True) == saved


atheris.Setup(sys.argv, one_input)
atheris.Fuzz()
