"""Instructions per request: `python -m bench.instructions`.

Wall clock and CPU time need a quiet machine; the number of instructions that a request takes hardly depends
on what else runs. The application answers in this process, from raw ASGI to the bytes of the upstream, with
classifiers that take no time, and valgrind's callgrind counts what all of its threads do.
"""
