"""SARIF: every log that planted faults make holds to the format's schema: to our own of the parts
that are used, and to the official one where it lies in `shared` beside the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from questions.planted import FAULTS

import fwsim
from fwsim.net import Net
from fwsim.show.sarif import sarif

_OFFICIAL = Path(__file__).parents[3] / "shared" / "sarif-schema-2.1.0.json"


def _object(required: str, **members: Any) -> dict[str, Any]:
    """An object with these members and no others."""
    return {
        "type": "object", "additionalProperties": False,
        "required": required.split(), "properties": members,
    }  # fmt: skip


def _list(item: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": least}


_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 0}
_MESSAGE = _object("text", text=_TEXT)
_PLACE = {
    "logicalLocations": _list(_object("", fullyQualifiedName=_TEXT), 1),
    "physicalLocation": _object(
        "artifactLocation",
        artifactLocation=_object("uri", uri={**_TEXT, "pattern": r"^[!-~]+$"}),
        region=_object("startLine", startLine={"type": "integer", "minimum": 1}),
    ),
}
_RESULT = _object(
    "message",
    ruleId=_TEXT, ruleIndex=_COUNT, level={"enum": ["none", "note", "warning", "error"]},
    message=_MESSAGE, locations=_list(_object("", **_PLACE)),
    relatedLocations=_list(_object("", id=_COUNT, message=_MESSAGE, **_PLACE)),
    properties={"type": "object"},
)  # fmt: skip
_DRIVER = _object(
    "name", name=_TEXT, version=_TEXT, rules=_list(_object("id", id=_TEXT, help=_MESSAGE))
)
_RUN = _object(
    "tool",
    tool=_object("driver", driver=_DRIVER), results=_list(_RESULT),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
)  # fmt: skip
_OWN = _object(
    "version runs",
    **{"$schema": _TEXT, "version": {"enum": ["2.1.0"]}, "runs": _list(_RUN)},
)


def _under(text: str) -> Net:
    """The article's host under these rules."""
    simulation = fwsim.load("example:article-complete").simulation.fork()
    host = simulation.world.namespaces[simulation.world.host]
    simulation.govern(host.with_rulesets({4: fwsim.read(text, family=4)}))
    return Net(simulation)


SCHEMAS = {"our own": _OWN}
if _OFFICIAL.exists():
    SCHEMAS["official"] = json.loads(_OFFICIAL.read_text())


@pytest.mark.parametrize("name", SCHEMAS)
def test_logs_hold_to_the_schema(name: str) -> None:
    check = jsonschema.validators.validator_for(SCHEMAS[name])(SCHEMAS[name])
    told = set()
    for _, text, _ in FAULTS:
        found = _under(text).lint(everywhere=True)
        log = json.loads(json.dumps(sarif(found, "0.1.0")))
        assert [error.message for error in check.iter_errors(log)] == []
        told |= {result["ruleId"] for result in log["runs"][0]["results"]}
    assert len(told) > 12


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_log_that_does_not_hold_is_refused(name: str) -> None:
    check = jsonschema.validators.validator_for(SCHEMAS[name])(SCHEMAS[name])
    log = sarif(fwsim.load("example:article-complete").lint(), "0.1.0")
    assert check.is_valid(log)
    for wrong in ({"ruleId": "shadowed"}, {"message": {"text": "x"}, "level": "bad"}):
        log["runs"][0]["results"] = [wrong]
        assert not check.is_valid(log)
