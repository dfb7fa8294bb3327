"""fwsim snapshot."""

from __future__ import annotations

from pathlib import Path

import click

from fwsim.cli.endings import unwinding


@click.command("snapshot")
@click.option("-o", "output", metavar="DIR|FILE.tar.gz", help="Where to: a new directory, or file.")
@click.option("--netns", metavar="NAME", multiple=True, help="This network namespace too.")
@click.option("--docker", is_flag=True, help="Docker's and podman's containers too.")
@click.option("--all", "everything", is_flag=True, help="All named namespaces and containers.")
@click.option("--script", is_flag=True, help="Print a shell script that does it without fwsim.")
def command(
    output: str | None, netns: tuple[str, ...], docker: bool, everything: bool, script: bool
) -> None:
    """Write down this host's rules, addresses, routes and the like, for --from, here or elsewhere.

    Only reads. What cannot be had (no conntrack tool, not root) is said and left out. Containers'
    environment, labels and mounts are not written.

    \b
      sudo fwsim snapshot -o host.tar.gz --docker
      fwsim trace --from host.tar.gz --src web --dst db --proto tcp --dport 5432
      fwsim snapshot --script | ssh root@server sh -s -- -o host --all
    """
    from fwsim.capture import run

    if script:
        click.echo(run.script(), nl=False)
        return
    if output is None:
        raise click.UsageError("-o is missing: where to write the snapshot")
    with unwinding():
        run.take(Path(output), netns=netns, docker=docker, everything=everything)
    click.echo(f"{output}: written; try: fwsim trace --from {output} --src A --dst B", err=True)
