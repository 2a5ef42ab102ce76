"""Ordinary habits beside the working day: one source or habit a module.

How often each happens is an assumption unless its module says otherwise: public logs of identity
providers and of administration do not exist. The rates are those of an organisation of a hundred
people that has its own platform team, in events a person and working day, so that a smaller one
sees fewer.
"""
