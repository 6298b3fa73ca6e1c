"""Tenants: whose exchange it is, and what serves it.

A tenant has virtual keys, a policy and a constitution, an upstream with the key that goes there, limits, and
lists of what it may use. All that is read from files is one immutable snapshot (`snapshot.py`); a request
meets the snapshot that is current when it arrives and keeps it to its end (`visit.py`), so that a reload
(`reloading.py`) never mixes two of them. Which policy applies is decided by `policies/lattice.py`.
"""
