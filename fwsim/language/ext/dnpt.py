"""DNPT: another network's prefix for the destination (see _npt.py)."""

from fwsim.language.ext._npt import npt, npt_examples

TARGET = npt("DNPT", "dst", ("PREROUTING", "OUTPUT"))
EXAMPLES = npt_examples("DNPT", "PREROUTING", "POSTROUTING")
