"""TEE: send a copy of the packet by way of a gateway.

Semantics: net/netfilter/xt_TEE.c, net/ipv4/netfilter/nf_dup_ipv4.c and its IPv6 twin; text:
libxt_TEE.c, which shows the gateway by its name where it has one (here by its address).
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Host, Text
from fwsim.model.actions import Tee


def _save(o: Options, c: Context) -> str:
    device = f" --oif {o['oif']}" if o.get("oif") else ""
    return f"--gateway {Host().write(o['gateway'], c.family)}{device}"


def _list(o: Options, c: Context, numeric: bool) -> str:
    device = f" oif={o['oif']}" if o.get("oif") else ""
    return f"TEE gw:{Host().write(o['gateway'], c.family)}{device}"


def _check(o: Options, _: Context) -> None:
    if not o["gateway"]:
        raise ValueError("the gateway cannot be the unspecified address")


TARGET = Target(
    "TEE",
    lambda o, c: (Tee(o["gateway"], o.get("oif", "")),),
    options=(Option("gateway", Host(), required=True), Option("oif", Text(15))),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist("TEE", (Shown("gateway", "gw:"), Shown("oif", "oif="))),
)
EXAMPLES = """
-j TEE ; error ; mangle PREROUTING
-j TEE --oif eth0 ; error ; mangle PREROUTING
-j TEE --gateway gw.invalid ; error ; mangle PREROUTING
"""
EXAMPLES4 = """
-j TEE --gateway 10.0.0.1 ; = ; mangle PREROUTING
-j TEE --gateway 10.1 --oif eth0 ; -j TEE --gateway 10.0.0.1 --oif eth0 ; filter INPUT
-j TEE --gateway 10.0.0.1 --oif 1234567890123456 ; \
-j TEE --gateway 10.0.0.1 --oif 123456789012345 ; raw OUTPUT
-j TEE --gateway 10.0.0.1 --oif "" ; -j TEE --gateway 10.0.0.1 ; nat PREROUTING
-j TEE --gateway 0.0.0.0 ; error ; mangle PREROUTING
-j TEE --gateway fd00::1 ; error ; mangle PREROUTING
"""
EXAMPLES6 = """
-j TEE --gateway fd00::1 ; = ; mangle PREROUTING
-j TEE --gateway fd00::1 --oif eth0 ; = ; security FORWARD
-j TEE --gateway :: ; error ; mangle PREROUTING
"""
