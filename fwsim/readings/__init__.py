"""The readings of a predicate, each an algebra over `fwsim.model.pred.fold`."""
