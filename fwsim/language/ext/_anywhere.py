"""What matches share that iptables -L lists an address of as `anywhere` where it is nought."""

from fwsim.language.options import Context, Shown


def shown_anywhere(name: str) -> Shown:
    """The way back from `NAME anywhere`."""

    def words(_: str, c: Context) -> list[str]:
        return [f"--{name}", "0.0.0.0/0" if c.family == 4 else "::/0"]

    lost = f"how long the prefix is where {name} is `anywhere` (-n shows it)"
    return Shown(name, f"{name} ", "anywhere", words=words, lost=lost)
