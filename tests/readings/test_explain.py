from fwsim.model import fields as f
from fwsim.model.names import STATES, iface_value
from fwsim.model.pred import FALSE, TRUE, Free, Not, all_of, any_of, is_in, negate
from fwsim.readings.concrete import free_key
from fwsim.readings.explain import Reason, explain

ETH0, DOCKER0, DOCKER1 = (iface_value(n) for n in ("eth0", "docker0", "docker1"))
NEW, ESTABLISHED, RELATED = (STATES.index(n) for n in ("NEW", "ESTABLISHED", "RELATED"))
VIEW = {"in": ETH0, "out": DOCKER1, "ctstate": NEW, "proto": 6, "sport": 5000, "dport": 8080}

TO_DOCKER0 = is_in(f.OUT, DOCKER0)
TO_DOCKER1 = is_in(f.OUT, DOCKER1)
REPLIES = is_in(f.CTSTATE, RELATED, ESTABLISHED)
COIN = Free("coin", "a coin")


def test_a_hit_names_every_condition_that_held():
    assert explain(all_of(TO_DOCKER1, Not(TO_DOCKER0)), VIEW) == (
        Reason(TO_DOCKER1, True, True, DOCKER1),
        Reason(TO_DOCKER0, False, True, DOCKER1),
    )


def test_a_miss_names_every_condition_that_failed_and_no_other():
    asked = all_of(TO_DOCKER0, is_in(f.PROTO, 6), REPLIES)
    assert explain(asked, VIEW) == (
        Reason(TO_DOCKER0, True, False, DOCKER1),
        Reason(REPLIES, True, False, NEW),
    )


def test_what_another_protocol_alone_has_is_not_missed():
    ssh = all_of(
        TO_DOCKER0,
        is_in(f.PROTO, 6),
        is_in(f.PORTS, 1),
        any_of(is_in(f.DPORT, 22), is_in(f.SPORT, 22)),
    )
    ping = VIEW | {"proto": 1, "sport": 0, "dport": 0, "ports": 0}
    assert [r.atom for r in explain(ssh, ping)] == [TO_DOCKER0, is_in(f.PROTO, 6)]
    assert len(explain(ssh, VIEW | {"ports": 1})) == 2, "of its own protocol it is"


def test_a_negated_condition_that_failed_is_marked_as_negated():
    assert explain(Not(TO_DOCKER1), VIEW) == (Reason(TO_DOCKER1, False, False, DOCKER1),)


def test_a_negated_conjunction_that_holds_names_what_kept_it_from_failing():
    assert explain(Not(all_of(TO_DOCKER1, REPLIES)), VIEW) == (Reason(REPLIES, False, True, NEW),)


def test_an_alternative_that_holds_is_the_first_as_the_kernel_stops_there():
    asked = any_of(TO_DOCKER0, TO_DOCKER1, is_in(f.PROTO, 6))
    assert explain(asked, VIEW) == (Reason(TO_DOCKER1, True, True, DOCKER1),)


def test_alternatives_on_one_field_that_all_fail_are_one_reason():
    (reason,) = explain(any_of(is_in(f.DPORT, 80), is_in(f.DPORT, 443)), VIEW)
    assert reason == Reason(is_in(f.DPORT, 80, 443), True, False, 8080)


def test_alternatives_on_several_fields_that_all_fail_are_one_reason_with_its_ways():
    source, target = is_in(f.SPORT, 80), all_of(is_in(f.PROTO, 17), is_in(f.DPORT, 80))
    (reason,) = explain(any_of(source, target), VIEW)
    assert (reason.atom, reason.holds) == (None, False)
    assert reason.ways == (explain(source, VIEW), explain(target, VIEW))


def test_negated_alternatives_on_one_field_are_not_merged_as_if_they_were_wanted():
    both = any_of(negate(is_in(f.DPORT, (8000, 9000))), negate(is_in(f.DPORT, (8080, 9090))))
    (reason,) = explain(both, VIEW)
    assert len(reason.ways) == 2


def test_alternatives_of_different_kinds_are_not_merged():
    port = is_in(f.DPORT, 80)
    for other in (negate(is_in(f.DPORT, 8080)), is_in(f.SPORT, 80), Free("coin")):
        (reason,) = explain(any_of(port, other), VIEW | {free_key("coin"): 0})
        assert len(reason.ways) == 2


def test_a_condition_asked_twice_is_told_once():
    assert len(explain(all_of(REPLIES, REPLIES), VIEW)) == 1


def test_what_can_never_be_met_is_told_beside_what_failed():
    impossible, failed = explain(all_of(FALSE, REPLIES), VIEW)
    assert impossible == Reason(None, True, False)
    assert failed.atom == REPLIES
    assert explain(Not(TRUE), VIEW) == (impossible,)


def test_no_condition_gives_no_reason():
    assert explain(TRUE, VIEW) == ()


def test_an_answer_that_depends_names_what_it_depends_on():
    asked = all_of(TO_DOCKER1, COIN, Not(Free("dice")))
    assert explain(asked, VIEW) == (
        Reason(COIN, True, None),
        Reason(Free("dice"), False, None),
    )
    assert explain(any_of(TO_DOCKER0, COIN), VIEW) == (Reason(COIN, True, None),)


def test_a_failed_condition_outweighs_an_unknown_one():
    assert explain(all_of(COIN, REPLIES), VIEW) == (Reason(REPLIES, True, False, NEW),)


def test_a_known_coin_is_a_reason_like_any_other():
    assert explain(COIN, {free_key("coin"): 0}) == (Reason(COIN, True, False),)
    assert explain(Not(COIN), {free_key("coin"): 0}) == (Reason(COIN, False, True),)
