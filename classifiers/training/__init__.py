"""Training of the shipped models: from public data and own rows to the files under ``classifiers/models``.

The story: ``collect`` reads the data pool and maps each source's labels to targets, masking what a source
does not say. ``compose`` adds own rows, harmless ones in the very forms of harmful ones, because form is
what a small model mistakes for meaning. ``split`` holds whole sources out. ``train`` fine-tunes the encoder
that ``encoder`` found. ``export`` writes int8 ONNX, ``calibrate`` turns logits into scores and thresholds
on the held-out sources, ``report`` writes manifest and model card. ``build_input`` and ``build_exchange``
put the steps in order for the two models; ``course`` checks an order and carries it out. ``labelled`` reads
rows that users label, ``comparison`` says what they changed, ``audit`` asks a finished model whether single
words carry a label, ``convert`` makes ONNX of models trained elsewhere.

The words: a *row* or example is a text (for exchanges: a reply with its request) with *targets*; a *part*
is what a source is used for (train, tune, check, probe); a *fold* leaves sources out once; *flag* and
*block* are thresholds.

Serving never imports this package; torch is imported nowhere else.
"""
