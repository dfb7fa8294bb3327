"""Addresses of networks, and of places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from fwsim.machine.sets.regions import Regions
from fwsim.machine.world import Namespace, World, shown
from fwsim.model import fields as F
from fwsim.model.pred import TRUE, any_of
from fwsim.questions.asked import Asked
from fwsim.questions.population import likes
from fwsim.readings.space import Space
from fwsim.readings.strategy import edges, views
from fwsim.strategies.steering import route_edges, rule_preds, within

if TYPE_CHECKING:
    from fwsim.net import Net


def addresses(*where: str, net: Net | None = None, family: int = 0) -> st.SearchStrategy[str]:
    """Addresses of one of these: addresses, networks, or names that the place knows; any, if none
    is named. Without a `family`, IPv4, or that of what is named.

    They are mostly the ends of the networks, the addresses that the place knows, and those at which
    its rules and routes begin and end, or any. They shrink to the first host that the place knows,
    else to the lowest end. QuestionError for what the place does not know."""
    world = net.world if net else World({"host": Namespace("host")})
    asked = [Asked(src=text, family=family) for text in where]
    found = family or (asked[0].of_family(world) if asked else 4)
    src, dst = F.SRC[found], F.DST[found]
    wanted = any_of(*(one.pred(world, found) for one in asked)) if asked else TRUE
    packets = Space([src]).read(wanted)
    near = [*edges([wanted], src), 0]
    if net is not None:
        known = [value for like in likes(world, found) for value in like.values()]
        regions = Regions(world, world.namespaces[world.host], found)
        rules = rule_preds(regions)
        both = [edges(rules, field) for field in (src, dst)]
        near = [*known, *near, *both[0], *both[1], *route_edges(regions, dst)]
    liked = within(packets, src, near) or (0,)
    return views(packets, lambda _field, _view: liked).map(lambda view: shown(view["src"], found))
