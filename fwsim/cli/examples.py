"""fwsim examples."""

from __future__ import annotations

import click


@click.command("examples")
def command() -> None:
    """List the places that ship with fwsim, to be used as --from example:NAME."""
    from fwsim.machine.place import DEFAULT, PREFIX, examples

    listed = [(f"{PREFIX}{name}", text, name == DEFAULT) for name, text in examples()]
    width = max(len(name) for name, _, _ in listed)
    for name, text, default in listed:
        click.echo(f"{name:<{width}}  {text}{' (the default)' if default else ''}")
