"""The benchmark of the shipped classifiers: what a measurement costs, as it is served, with no network.

`subjects` loads each model twice, with its cascade on and off, and opens its stages one by one. `costs`
times lengths, ordinary traffic and stages; `callers` asks the proxy's own screening room, many at once;
`independence` compares scores bit by bit; `lifetimes` watches start-up and memory in processes of their
own. `page` tells it all. Run it with `make bench-classifier`.
"""
