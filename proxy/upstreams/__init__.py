"""Upstreams call models: one adapter for each way of reaching one.

`http_upstream` speaks to any OpenAI-compatible server and forwards its bytes as they came;
`litellm_upstream` reaches every other provider by model name and speaks OpenAI's wire format from
there on; `scripted` is the stand-in that ships with Gatehouse and is no language model; `routing`
picks one of them by the model an exchange names. All of them answer through the surface's codec,
so nothing behind the port can tell them apart.

The words: a *frame* is one server-sent event with its blank line (`frames`); a *fault* is an
upstream that did not answer as asked (`faults`); *wire* is OpenAI's JSON (`openai_wire`).
Keep-alive, time limits and header allow-lists live here; retries of a model call do not: a call is
made once, and once more only where a kept-alive connection died before it carried a byte.
"""
