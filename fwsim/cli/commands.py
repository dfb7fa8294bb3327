"""All of the command line, read by click."""

from __future__ import annotations

from importlib import import_module

import click

from fwsim import __version__
from fwsim.cli.polite import Polite

COMMANDS = {
    "trace": "Follow a packet, and what comes back, and say what decided.",
    "reach": "Find all packets that get from here to there, or prove that there is none.",
    "exposed": "List a host's open doors: what can be reached, what it becomes, by which rules.",
    "diff": "Tell which packets a change of the rules changes, or prove that there is none.",
    "repair": "Find commands that let an exchange through, or stop it, and what else they change.",
    "lint": "Say what is wrong with the rules themselves.",
    "replay": "Send a capture's packets through the rules, and say who was stopped where.",
    "coverage": "Tell which rules packets, a capture or the dump's own counters reached.",
    "test": "Hold the rules against a policy: who must reach what, and who must not.",
    "graph": "Draw the chains: who jumps where.",
    "topology": "Draw the hosts: devices, bridges, addresses, wires, what lies beyond.",
    "list": "List the rules as iptables -L does.",
    "save": "Print the rules as iptables-save does.",
    "snapshot": "Write this host down, to be traced here or elsewhere.",
    "examples": "List the places that ship with fwsim.",
}


class _Commands(Polite):
    """Commands by name; help needs none of their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # `list` is the command here

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"fwsim.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_unknown(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(COMMANDS)}."
    return f"There is no command {name!r}: {hint}"


@click.command(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="fwsim", message="%(prog)s %(version)s")
@click.pass_context
def fwsim(ctx: click.Context) -> None:
    """What a Linux host's iptables does to a packet, and why. Nothing is sent and nothing is
    changed: packets are walked through the rules in userspace.

    \b
      fwsim trace --src 172.18.0.3 --dst 8.8.8.8            in the built-in example
      fwsim trace --from rules.txt --src A --dst B --proto tcp --dport 443
      iptables-save | fwsim trace --from - --in eth0 --src A --dst B
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
