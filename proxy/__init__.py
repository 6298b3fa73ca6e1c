"""The proxy acts: it walks every exchange through one corridor and does what the policy decided.

`exchange` holds the pipeline and its ports; `surfaces` translate wire formats in and out;
`upstreams` call models; `screening` runs classifiers off the event loop; `stores` and `ledger`
remember. The proxy holds no rule: it measures through `classifiers`, asks `policies`, and acts.
"""
