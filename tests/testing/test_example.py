"""The worked example of docs/testing.md: it holds, and each planted fault is caught, by the pytest
file, by the policy and in CI, within a minute, with a packet that people can read."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import time
from pathlib import Path

import pytest
from cli.running import fwsim

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parent.parent.parent
EXAMPLE, GUIDE = ROOT / "fixtures" / "policy", ROOT / "docs" / "testing.md"
UPDATE = bool(os.environ.get("FWSIM_UPDATE_GOLDEN"))
STEP = re.compile(r"^\$ (.*?)\n((?:(?!```|\$ ).*\n)*)", re.M)
STEPS = STEP.findall(GUIDE.read_text("utf-8"))
ALLOW = "iptables -I DOCKER-USER -j ACCEPT"
OPEN = "iptables -A INPUT -p tcp --dport 22 -j ACCEPT"
FAULTS = [
    # a command that is given first, or lines that are lost from the dump; what is shown, by how
    # many of the tests
    (ALLOW, ("8.8.8.8 → 172.21.0.3 tcp port 80, in by eth0: forwarded", "DOCKER-USER 1"), 2),
    (OPEN, (" → 192.0.2.10 tcp port 22, in by eth0: delivered to the host", "INPUT 4"), 1),
    ("-i br-back -o br-back -j ACCEPT", ("--src web --dst db", "FORWARD, policy DROP"), 1),
    ("-j DNAT", ("8.8.8.8 → 192.0.2.10 tcp port 443, in by eth0", "INPUT, policy DROP"), 1),
]


@pytest.fixture
def example(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A copy of the example in the working directory."""
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def _dump(example: pytest.Pytester) -> Path:
    return example.path / "shop" / "host" / "iptables-save"


def _plant(example: pytest.Pytester, fault: str) -> list[str]:
    """The commands that are to be given for a fault; else the dump is changed."""
    if fault.startswith("iptables"):
        return [fault]
    lines = _dump(example).read_text("utf-8").splitlines(True)
    _dump(example).write_text("".join(line for line in lines if fault not in line), "utf-8")
    return []


def _pytest(example: pytest.Pytester, *args: str) -> pytest.RunResult:
    alone = ("-p", "fwsim.pytest_plugin", "-p", "no:cacheprovider")
    return example.runpytest_inprocess(*alone, *args)


def test_the_example_holds(example: pytest.Pytester) -> None:
    found = fwsim("test", "policy.toml")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "✓ All holds: 6 lines.")
    _pytest(example, "--fwsim-from", "shop", "test_shop.py").assert_outcomes(passed=4)


@pytest.mark.parametrize(("fault", "shows", "failing"), FAULTS)
def test_a_planted_fault_is_caught(
    fault: str, shows: tuple[str, ...], failing: int, example: pytest.Pytester
) -> None:
    begin = time.monotonic()
    commands = _plant(example, fault)
    found = fwsim("test", "policy.toml", *(w for c in commands for w in ("--with", c)))
    assert found.exit_code == 1
    options = [word for command in commands for word in ("--fwsim-with", command)]
    result = _pytest(example, "--fwsim-from", "shop", *options, "test_shop.py")
    result.assert_outcomes(passed=4 - failing, failed=failing)
    for told in shows:
        assert told in found.stdout
        assert told in result.stdout.str()
    assert time.monotonic() - begin < 60


def test_what_ci_runs_runs(example: pytest.Pytester) -> None:
    runs = re.findall(r"run: (.*)", (example.path / "firewall.yml").read_text("utf-8"))
    assert [run.split()[0] for run in runs] == ["pip", "fwsim", "pytest"]
    for fault in ("", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"):
        before = "-A FORWARD -j DOCKER-USER\n"
        text = _dump(example).read_text("utf-8")
        _dump(example).write_text(text.replace(before, f"{fault}{before}"), "utf-8")
        assert fwsim(*shlex.split(runs[1])[1:]).exit_code == (1 if fault else 0)
        assert _pytest(example, *runs[2].split()[1:]).ret == (1 if fault else 0)
        written = (example.path / "firewall.xml").read_text("utf-8")
        assert ("<failure" in written) is bool(fault)
        written = (example.path / "firewall.sarif").read_text("utf-8")
        assert ('"results": []' in written) is not bool(fault)


@pytest.mark.parametrize(("command", "shown"), STEPS, ids=[command for command, _ in STEPS])
def test_the_guide_shows_what_the_command_prints(
    command: str, shown: str, example: pytest.Pytester
) -> None:
    assert example.path == Path.cwd()
    printed = fwsim(*shlex.split(command)[1:]).stdout
    if UPDATE:
        text = GUIDE.read_text("utf-8")
        GUIDE.write_text(text.replace(f"$ {command}\n{shown}", f"$ {command}\n{printed}"), "utf-8")
    else:
        assert shown == printed


def test_the_guide_shows_the_files_that_are_tested() -> None:
    text = GUIDE.read_text("utf-8")
    for name in ("test_shop.py", "firewall.yml"):
        assert (EXAMPLE / name).read_text("utf-8") in text
    assert len(STEPS) == 2


def test_the_policy_in_the_guide_is_one() -> None:
    from fwsim.questions.policy.read import read_policy

    (policy,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.S)
    assert len(read_policy(policy, "policy.toml").lines) == 5
