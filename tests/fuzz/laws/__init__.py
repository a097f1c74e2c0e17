"""The laws that the readers keep: one module a target, whose function of the same name is what is fuzzed."""
