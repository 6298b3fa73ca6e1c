"""What well-known functions and methods do with the attributes that they are given."""

from __future__ import annotations

from policies.decision_code.names import word_set

MEASURES = word_set("""
groupby crosstab pivot_table value_counts MetricFrame chi2_contingency fisher_exact ttest_ind
mannwhitneyu kstest ks_2samp f_oneway pearsonr spearmanr demographic_parity_difference
demographic_parity_ratio equalized_odds_difference equalized_odds_ratio disparate_impact_ratio
BinaryLabelDatasetMetric ClassificationMetric boxplot histplot barplot countplot violinplot hist
bar plot scatter kdeplot summary train_test_split StratifiedKFold print pprint debug info
warning error exception log write writerow isinstance issubclass hasattr callable len_
assertEqual assertAlmostEqual assertTrue assertFalse ExponentiatedGradient ThresholdOptimizer
Reweighing describe info_ id hash type range duplicated
""")
"""Their answer tells nothing of one person by a protected attribute."""
AGGREGATES = word_set("""
sum len mean fmean average median mode std var stdev variance count nunique size sum any all
Counter quantile percentile max min nanmean amax amin agg aggregate describe shape
""")
"""They describe a collection, and tell nothing of one element."""
GROUPS = frozenset(("unique", "set", "drop_duplicates", "setdefault", "defaultdict"))
"""Of an attribute they give the groups that there are, or the cell of a group."""
FORMULAS = frozenset(("ols", "logit", "glm", "probit", "OLS", "Logit", "GLM"))
"""They take the columns of a model from a text such as `hired ~ gpa + gender`."""
DESCRIBES = frozenset(
    [
        "params",
        "pvalues",
        "coef_",
        "tvalues",
        "conf_int",
        "summary",
        "feature_importances_",
        "rsquared",
        "columns",
    ]
)
"""Fields of a model or a table that describe it as a whole."""
FORMATS = frozenset(
    ("format", "format_map", "render", "substitute", "safe_substitute", "render_template", "gettext")
)
"""They make a text to be read."""
CARRIES = word_set("""
int str float bool list tuple dict frozenset lower upper strip casefold title capitalize
split copy deepcopy astype fillna to_numpy tolist to_list to_dict values keys items iter next
reversed array asarray DataFrame Series reset_index head tail dropna as_tuple reindex
compile get_dummies enumerate zip assign rename concat merge join round hstack column_stack vstack
sample
""")
"""They hand on what they are given."""
LOOKS_UP = frozenset(
    (
        "get",
        "pop",
        "getattr",
        "attrgetter",
        "itemgetter",
        "pluck",
        "extract",
        "get_field",
        "get_value",
        "field",
        "lookup",
        "col",
        "column",
    )
)
ASKS_ROWS = frozenset(("filter", "exclude", "filter_by"))
"""They pick rows of a database by the fields that their keywords name."""
STORES = frozenset(("append", "add", "extend", "insert", "update", "appendleft", "push", "put"))
STORES_INTO = frozenset(("heappush", "heappushpop", "insort", "insort_left", "insort_right"))
"""The same for the collection that is their first argument."""
TELLS = (
    "get_",
    "detect_",
    "infer_",
    "predict_",
    "guess_",
    "classify_",
    "estimate_",
    "lookup_",
    "fetch_",
    "load_",
)
"""Functions so named tell what the rest of the name says."""
AGED = word_set(
    "entry entries record log job message account conn connection ticket order contract policy invoice"
)
"""What has an age and is nobody, though what it holds may be of somebody."""
ASKS_TEXT = frozenset(
    (
        "search",
        "match",
        "fullmatch",
        "findall",
        "startswith",
        "endswith",
        "count",
        "find",
        "contains",
        "index",
    )
)
"""They look for a text in another."""
KIN = word_set(
    "family members children kids relatives dependents dependants siblings parents household familie kinder"
)
"""Fields of those who belong to one person."""
TEXTS = word_set("""
text lower cv resume bio essay letter content body description note notes profile summary
""")
"""Names of free text about somebody."""
LABELS = word_set("""
title salutation greeting address pronoun pronouns label group bucket bracket band category code name names
language locale lang letter text message html template size year years
area region encoded clean normalized normalised
""")
"""Words of fields that tell nothing about what somebody gets."""
KEYS = frozenset(("id", "name", "key", "uid", "uuid", "email", "pk", "ref"))
"""Fields that tell one from all others."""
SORTS_COLUMNS = frozenset(("sort_values", "nlargest", "nsmallest"))
FITS = frozenset(
    ("fit", "predict", "predict_proba", "decision_function", "train", "partial_fit", "predict_score")
)
PREPARES = (
    "encoder",
    "scaler",
    "imputer",
    "ols",
    "logit",
    "binarizer",
    "discretizer",
    "gradient",
    "optimizer",
    "audit",
)
"""Words in a receiver's text that make its `fit` a preparation or a measurement."""
SPREADS = frozenset(("transform", "rank", "cumsum", "shift", "map", "apply", "reduce", "starmap"))
"""They give each element a value of its own."""
SPREADS_GROUPS = frozenset(("transform", "rank", "cumsum", "shift"))
"""Of a grouping, they give each person what depends on the group."""
WORKS_ON_ROWS = frozenset(("query", "eval"))
ROWS = word_set("""
row r df data x person p applicant candidate a c customer user record features sample X d self
obj
""")
"""Names of what has one field for each attribute, so that `female` in it is a person's."""
LEGAL_AGES = frozenset((13, 14, 15, 16, 17, 18, 20, 21))
HARMLESS_ERRORS = (
    "ValueError",
    "TypeError",
    "KeyError",
    "AttributeError",
    "ValidationError",
    "AssertionError",
    "IndexError",
)
"""Raised because of what is missing or malformed."""


def is_table(name: str) -> bool:
    """A table or a column of results, of which a mask picks rows."""
    return name in ("df", "data", "frame", "table") or name.endswith("_df") or name.startswith(("df_", "y_"))
