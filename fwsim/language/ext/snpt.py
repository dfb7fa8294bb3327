"""SNPT: another network's prefix for the source (see _npt.py)."""

from fwsim.language.ext._npt import npt, npt_examples

TARGET = npt("SNPT", "src", ("INPUT", "POSTROUTING"))
EXAMPLES = npt_examples("SNPT", "POSTROUTING", "PREROUTING")
