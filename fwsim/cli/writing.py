"""Files that commands write."""

from __future__ import annotations

from fwsim.cli.streams import emit


def write(file: str, text: str) -> None:
    """Write the text to a file, - being standard output. OSError, naming it, if that fails."""
    if file == "-":
        emit(text)
        return
    try:
        with open(file, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise OSError(error.errno, error.strerror, file) from None
    except ValueError:  # a name that no file can have
        raise OSError(0, "this is no name of a file", file) from None
