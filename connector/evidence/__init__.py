"""Proofs of a measure, on two levels: one that may leave the site, one that never does.

External: figures, versions, digests, the root of a commitment and one line per person under a random id with
yes/no facts only. It proves integrity and arithmetic. Internal: dated pseudonymised facts, encrypted, that
reproduce the commitment and the figures; only the site can read it.
"""
