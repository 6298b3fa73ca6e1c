"""What the dashboard shows, row by row."""

from __future__ import annotations

from panels import HERE, RATE, SPAN, Panel, Target, by, counted, quantile, quantiles, rate, series, share

BUILD = "version, policy, constitution, models"
POLICY = 'policy=~"$policy"'
JUDGED = f'outcome=~"completed|blocked", {POLICY}'
HIT = 'result="hit"'
OTHERWISE = 'result!="same"'
FIRST = 'by="first"'
FAILED = 'outcome=~"error|upstream_error|deadline"'

ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Overview",
        (
            Panel(
                "Exchanges per second",
                "Exchanges closed, over the dashboard's rate interval.",
                [Target(rate("exchanges_total", POLICY), "exchanges")],
                unit="reqps",
                kind="stat",
                width=4,
            ),
            Panel(
                "Failed share",
                "Exchanges that ended in an error, an upstream error or at the deadline; n is beside it.",
                [
                    Target(
                        f"{counted('exchanges_total', FAILED)} / ({counted('exchanges_total')} > 0)",
                        "failed",
                    ),
                    Target(counted("exchanges_total"), "n"),
                ],
                unit="percentunit",
                kind="stat",
                width=5,
                thresholds=((None, "green"), (0.01, "orange"), (0.05, "red")),
            ),
            Panel(
                "Added latency, p99",
                "99th percentile of what Gatehouse itself adds: total less upstream, review and client.",
                [Target(quantile(0.99, "overhead_seconds"), "p99")],
                unit="s",
                kind="stat",
                width=4,
                thresholds=((None, "green"), (0.1, "orange"), (0.5, "red")),
            ),
            Panel(
                "Exchanges under way",
                "Exchanges open now.",
                [Target(f"sum({series('inflight_exchanges')})", "open")],
                kind="stat",
                width=3,
            ),
            Panel(
                "Store, ledger and files",
                "1 while every instance reaches its store, keeps its ledger and could load its files.",
                [
                    Target(f"min({series('store_up')})", "store"),
                    Target(f"min({series('ledger_up')})", "ledger"),
                    Target(f"min({series('reload_ok')})", "files"),
                ],
                kind="stat",
                width=4,
                thresholds=((None, "red"), (1, "green")),
            ),
            Panel(
                "Running",
                "Version, policy, constitution and models of every instance.",
                [
                    Target(
                        f"group by (version, policy, constitution, models) ({series('build_info')})",
                        table=True,
                    )
                ],
                kind="table",
                width=4,
            ),
            Panel(
                "Exchanges by outcome",
                "How exchanges ended. `rejected` never reached the corridor.",
                [Target(by("exchanges_total", "outcome", POLICY), "{{outcome}}")],
                unit="reqps",
                width=12,
                stacked=True,
            ),
            Panel(
                "Requests by status, and rejections",
                "HTTP status by surface, codes of requests refused before they were read, and repetitions.",
                [
                    Target(by("requests_total", "surface, status"), "{{surface}} {{status}}"),
                    Target(by("rejected_total", "code") + " > 0", "rejected: {{code}}"),
                    Target(rate("client_retries_total"), "repeated by clients"),
                ],
                unit="reqps",
                width=12,
            ),
        ),
    ),
    (
        "Safety outcomes",
        (
            Panel(
                "Verdicts by stage and action",
                "What was decided and enforced, and what monitored rules would have done.",
                [
                    Target(by("verdicts_total", "stage, action", 'action!="allow"'), "{{stage}} {{action}}"),
                    Target(by("monitored_verdicts_total", "stage, would"), "would: {{stage}} {{would}}"),
                ],
                unit="reqps",
            ),
            Panel(
                "Blocks by category",
                "Blocked requests and answers, by category and stage.",
                [
                    Target(
                        by("blocks_total", "category, stage", 'category=~"$category"') + " > 0",
                        "{{category}} {{stage}}",
                    )
                ],
                unit="reqps",
                stacked=True,
            ),
            Panel(
                "Revisions by outcome",
                "Reviews, their findings (void ones quote nothing that is there), and what was replaced.",
                [
                    Target(by("revisions_total", "outcome") + " > 0", "review: {{outcome}}"),
                    Target(by("critique_findings_total", "result") + " > 0", "finding: {{result}}"),
                    Target(
                        by("replies_replaced_total", "origin, late") + " > 0", "replaced: {{origin}} {{late}}"
                    ),
                ],
                unit="reqps",
            ),
            Panel(
                "Guards that gave no measurement",
                "Per second. open: the exchange went on unmeasured; closed: it was stopped. No verdicts.",
                [
                    Target(by("guard_failures_total", "mode, failure"), "{{mode}}: {{failure}}"),
                    Target(by("unscreened_exchanges_total", "side"), "not screened: {{side}}"),
                    Target(by("uncovered_parts_total", "kind") + " > 0", "unreadable part: {{kind}}"),
                    Target(
                        by("unsupported_languages_total", "side, language") + " > 0",
                        "language not read: {{language}} ({{side}})",
                    ),
                    Target(rate("partly_read_exchanges_total"), "read in part"),
                    Target(rate("withheld_messages_total"), "messages withheld"),
                    Target(
                        by("text_characters_total", "side, result", 'result!="judged"') + " > 0",
                        "characters not read: {{result}} ({{side}})",
                    ),
                ],
                unit="short",
            ),
            Panel(
                "Scores of fresh texts",
                "Distribution of calibrated scores. A drift here comes before a drift of decisions.",
                [
                    Target(
                        f"sum by (le) (increase({series('classifier_score_bucket')}[{RATE}]))",
                        "{{le}}",
                        heatmap=True,
                    )
                ],
                kind="heatmap",
            ),
            Panel(
                "Feedback and candidates",
                "What people said of decisions, and what a candidate policy would do, within the window.",
                [
                    Target(f"sum by (kind) (increase({series('feedback_total')}[{SPAN}]))", "{{kind}}"),
                    Target(
                        "sum by (result, rule) "
                        f"(increase({series('candidate_exchanges_total', OTHERWISE)}[{SPAN}]))",
                        "candidate: {{result}} {{rule}}",
                    ),
                ],
                stacked=True,
            ),
        ),
    ),
    (
        "Over-refusal",
        (
            Panel(
                "Refusals by origin",
                "Who declined: an input or output rule, the provider's filter, the model, or a revision.",
                [Target(by("refusals_total", "origin, kind") + " > 0", "{{origin}} {{kind}}")],
                unit="reqps",
                stacked=True,
            ),
            Panel(
                "Share of refusals",
                "Refusals among judged exchanges within $window, with the 95 % Wilson interval and n.",
                share(counted("refusals_total", 'kind="refuse"'), counted("exchanges_total", JUDGED)),
                unit="percentunit",
            ),
            Panel(
                "Share of suspected over-refusals",
                "Refusals of input that scores as benign, among judged exchanges within $window, with the"
                " 95 % Wilson interval and n. Suspected is not adjudicated.",
                share(counted("suspected_over_refusals_total"), counted("exchanges_total", JUDGED)),
                unit="percentunit",
            ),
        ),
    ),
    (
        "Latency",
        (
            Panel(
                "What Gatehouse adds",
                "Total less upstream, review calls and waiting for the client.",
                quantiles("overhead_seconds"),
                unit="s",
                width=6,
            ),
            Panel(
                "Stages, p95",
                "Wall time of each stage; `review` is the critique-and-revise round.",
                [Target(quantile(0.95, "stage_duration_seconds", "stage"), "{{stage}}")],
                unit="s",
                width=6,
            ),
            Panel(
                "Whole exchange",
                "From the request to the end of the answer.",
                quantiles("request_duration_seconds"),
                unit="s",
                width=6,
            ),
            Panel(
                "Time to the first byte",
                "From the request to the first byte of the answer.",
                quantiles("time_to_first_byte_seconds"),
                unit="s",
                width=6,
            ),
        ),
    ),
    (
        "Critique",
        (
            Panel(
                "Gate: answers that a critic looks at",
                "Share of judged exchanges that wait for a critic. Over 5 % the p95 of all traffic does.",
                share(counted("lanes_total", 'lane="deliberate"'), counted("lanes_total")),
                unit="percentunit",
                width=6,
            ),
            Panel(
                "Yield: reviews that end in a revision",
                "Among reviews of answers that the client was still to get.",
                share(
                    counted("reviews_total", 'trigger!="sample", delivered="revision"'),
                    counted("reviews_total", 'trigger!="sample"'),
                ),
                unit="percentunit",
                width=6,
            ),
            Panel(
                "Spoil: passing answers that a review would have changed",
                "Among reviews by lot (`review.sample`): the harm that a critic without a gate would do.",
                share(
                    counted("reviews_total", 'trigger="sample", delivered!="draft"'),
                    counted("reviews_total", 'trigger="sample"'),
                ),
                unit="percentunit",
                width=6,
            ),
            Panel(
                "Critics that failed",
                "Unreadable answers, canaries missed, revisions that refused, failed reviews, per second.",
                [
                    Target(by("critiques_total", "result", 'result="unreadable"'), "unreadable"),
                    Target(by("critique_canaries_total", "result"), "canary {{result}}"),
                    Target(
                        by(
                            "revisions_total", "outcome", 'outcome=~"rejected_refusal|critic_failed|deadline"'
                        ),
                        "{{outcome}}",
                    ),
                ],
                unit="short",
                width=6,
            ),
            Panel(
                "Exchanges by lane",
                "By the gravest lane of their answers.",
                [Target(by("lanes_total", "lane"), "{{lane}}")],
                unit="reqps",
                width=8,
                stacked=True,
            ),
            Panel(
                "Whole exchange by lane, p95",
                "The `pass` lane carries nothing of the critic.",
                [Target(quantile(0.95, "lane_duration_seconds", "lane"), "{{lane}}")],
                unit="s",
                width=8,
            ),
            Panel(
                "Tokens by lane",
                "The client's own, and what critiques and revisions cost.",
                [Target(by("lane_tokens_total", "lane, purpose") + " > 0", "{{lane}}: {{purpose}}")],
                unit="short",
                width=8,
                stacked=True,
            ),
        ),
    ),
    (
        "Upstream",
        (
            Panel(
                "Waiting for the model",
                "Time spent waiting for the upstream.",
                quantiles("upstream_duration_seconds"),
                unit="s",
                width=12,
            ),
            Panel(
                "Tokens by purpose",
                "As the upstream counted them: the client's, the constitution's, and what critiques cost.",
                [Target(by("tokens_total", "purpose, type"), "{{purpose}} {{type}}")],
                unit="short",
                width=12,
                stacked=True,
            ),
        ),
    ),
    (
        "Resources",
        (
            Panel(
                "Queues and losses",
                "Screenings and ledger events that wait; store faults and lost events are faults.",
                [
                    Target(f"sum({series('guard_queue_depth')})", "screenings"),
                    Target(f"sum({series('ledger_queue_depth')})", "ledger events"),
                    Target(by("store_faults_total", "reason") + " > 0", "store fault: {{reason}}"),
                    Target(rate("store_forged_total"), "store values with a foreign seal"),
                    Target(rate("ledger_dropped_total"), "ledger events lost"),
                    Target(rate("listener_failures_total"), "listener failures"),
                    Target(rate("ledger_records_total"), "ledger records"),
                    Target(rate("preference_rows_total"), "preference rows"),
                    Target(rate("preferences_dropped_total"), "preference rows lost"),
                ],
                width=12,
            ),
            Panel(
                "Processor, memory and verdict cache",
                "Cores, GiB, the share answered from the cache, and the share of windows settled early.",
                [
                    Target(
                        f"sum by (instance) (rate(process_cpu_seconds_total{{{HERE}}}[{RATE}]))",
                        "cores {{instance}}",
                    ),
                    Target(
                        f"sum by (instance) (process_resident_memory_bytes{{{HERE}}}) / 1024 ^ 3",
                        "GiB {{instance}}",
                    ),
                    Target(
                        f"{rate('verdict_cache_total', HIT)} / ({rate('verdict_cache_total')} > 0)",
                        "cached share",
                    ),
                    Target(
                        f"{rate('screened_windows_total', FIRST)} / ({rate('screened_windows_total')} > 0)",
                        "share of windows settled early",
                    ),
                ],
                width=12,
            ),
        ),
    ),
)
