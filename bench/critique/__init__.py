"""What critique costs and how often it is asked for: `python -m bench.critique`.

The application itself answers, in this process, with a scripted upstream: no network, no model but the
shipped classifiers.
"""
