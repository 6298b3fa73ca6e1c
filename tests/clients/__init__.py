"""Real clients against a real Gatehouse: does an application notice anything but the guard's decisions?

Each client library has a driver that goes through the scenarios as an application would and tells, in JSON
lines, what that application saw. `python -m tests.clients` (`make clients`) sets every client up in an
environment of its own, runs its driver against a Gatehouse with the scripted stand-in, compares with what has
to be seen, and writes the matrix in `docs/reference/clients.md`.
"""
