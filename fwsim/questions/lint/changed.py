"""Fields that a table's own rules both change and ask for: where they are asked for, they may be
anything."""

from __future__ import annotations

from fwsim.model.fields import Field
from fwsim.model.pred import And, In, Not, Or, Pred
from fwsim.readings.concrete import free_key


def renamed(pred: Pred, fields: frozenset[Field], by: str) -> Pred:
    """The predicate, with bits of its own for each of these fields."""
    match pred:
        case In() if pred.field in fields:
            own = Field(free_key(f"{pred.field.name} at {by}"), pred.field.bits, pred.field.kind)
            return In(own, pred.spans, pred.mask)
        case Not():
            return Not(renamed(pred.pred, fields, by))
        case And():
            return And(tuple(renamed(part, fields, by) for part in pred.preds))
        case Or():
            return Or(tuple(renamed(part, fields, by) for part in pred.preds))
    return pred
