"""Words of programs: which names and texts are results about somebody, and which only address or sort people.

`word_set` takes words apart at white space; names are compared word by word, in lower case.
"""

from __future__ import annotations

import re

from policies.decision_code.lexicon import words_of
from policies.decision_code.names import PEOPLE_ABROAD, word_set

_DECIDES = re.compile(
    r"(?:score|scoring|approv|eligib|qualif|reject|accept|declin|deny|denied|denial|grant|hire"
    r"|hiring|shortlist|rank"
    r"|rating|credit|limit|premium|risk|decide|decision|admit|admission|grade|grading|select|filter"
    r"|screen|priorit"
    r"|promot|bonus|salar|offer|rate$|apr$|loan|mortgage|bail|parole|sentenc|recidiv|reoffend"
    r"|classif|predict"
    r"|evaluat|assess|vet$|fraud|tier|points|pts$|penalt|surcharge|quote$|price|pricing|suspici"
    r"|suspect|trust|invit"
    r"|probab|likel|worth|wage|verdict|outcome|accepted|allow|ban$|banned|interview|underwrit|pick"
    r"|choos|chosen"
    r"|allocat|winner|finalist|best$|custody|candidac|creditworth|rent$|rental|match$|threshold|welfare"
    r"|commission|severance|payout|pay$|payment|compensat|stipend|scholarship|benefit|subsid|deposit"
    r"|fee$|fees$"
    r"|fare$|discount|refund|bond$|tariff|interest$|waitlist|queue|triage|layoff|dismiss|terminat|redundan"
    r"|investigat|inspect|patrol|detain|detention|escalat|surveil|verif|moderat|suspend|suspension|restrict"
    r"|refus|exclud|exclusion|permit|authoriz|authoris|recommend|mentor|propens|merit|talent|potential$"
    r"|assign|placement|seniority$|raise$|bump$|boost$|award|prize|quota|lottery|lease|tenancy"
    r"|weight$|factor$|multiplier|modifier|adjustment$|probation|budget|recruit|churn|solven|afford"
    r"|bid$|reput|suitab|aptitud|competen|desirab"
    r"|\w+(?:score|price|credit|premium|salary|rating|limit|points)$)"
)
_DECIDES_ABROAD = re.compile(
    r"(?:bewert|beurteil|punkt|pr(?:a|ae)mie|rabatt|zuschlag|kredit|darlehen|miete$|gehalt|lohn|eign"
    r"|auswahl|auswaehl"
    r"|bewerbung|ablehn|zusage|rang$|rangfolge|einstufung|filter[nt]|sortier|entscheid|genehmig"
    r"|kaution|zulass"
    r"|evalu|notation|noter|notes?$|prime$|pret$|embauch|reten[iu]|refus|class(?:er|ement)|trier"
    r"|tri$|tarif|decid"
    r"|puntu|puntos|puntaje|prestamo|alquiler|aprob|aprueb|rechaz|selecc?ion|salari|sueldo|prima$"
    r"|calific|admis|cuota|fianza"
    r"|avali|nota$|aprov|rejeit|emprest|premio|salario|pontu|pontos|juros|aluguel|mensalidade|vaga$|contrat"
    r"|punteggi|valut|selezion|stipend|prestit|mutuo|affitt|assun|ammess|graduatoria|concedi|sconto"
    r"|beoordel|beoordeel|punten|premie|lening|huur|afwijz|geschikt|korting|rangschik|toelat"
    r"|sklad[ek]|ocen|kredyt|punkty|pozycz|zatrud|wyplat|czynsz|przyzn|odrzuc|wybier|kwalifik"
    r"|poang|betyg|lan$|hyra|bedom|godkann|avslag|lonn?$|skor|nilai|gaji|pinjam|seleksi|terima|lulus"
    r"|puan|maas$|basvuru|kabul|kira$|degerlend|reyting|otsen|zarplat|strahov|tensuu|saiyo|pingfen|daikuan)"
)
"""The same in other languages."""
_ASKS = frozenset(("is", "can", "should", "may", "will", "must", "needs", "has", "gets", "deserves"))
_OF_FORMS = frozenset(("valid", "complete", "present", "missing", "empty", "filled", "known"))
"""Asked of data, not of somebody."""
_SAYS = re.compile(
    r"\b(?:approve[ds]?|den(?:y|ied)|decline[ds]?|reject(?:ed|s)?|accept(?:ed|s)?|hired?|invite[ds]?"
    r"|qualified"
    r"|(?:in)?eligible|grant(?:ed|s)?|refused?|(?:high|low|medium)[ _-]risk|admit(?:ted)?|wait ?list(?:ed)?"
    r"|shortlist(?:ed)?|detain(?:ed)?|release[ds]?|priority|fast[ _-]?track|investigate|escalate"
    r"|flag(?:ged)?"
    r"|(?:extra|secondary|additional|closer|manual)[ _-](?:check|screening|review|inspection)"
    r"|dismiss(?:ed)?"
    r"|blocked?|suspend(?:ed)?|ban(?:ned)?|pass(?:ed)?|fail(?:ed)?|referr?(?:ed)?|recommended|interview"
    r"|promoted?|terminated?|remove[ds]?|keep)\b",
    re.IGNORECASE,
)
_GROUPS = word_set("""
men women man woman black white hispanic asian group groups by per minority majority young old
privileged unprivileged reference male female males females
""")
_LABELS = word_set("""
mr mrs ms miss mx sir madam maam dear herr frau herrn geehrte geehrter sehr monsieur madame senor senora
señor señora he she they him her them his hers their theirs himself herself themselves male female
males females m f x d w man woman men women boy girl boys girls adult adults child children minor
minors teen teens senior seniors elderly young old older younger youth infant toddler unknown other
none na diverse nonbinary years under over above below between to and the a an age aged der die das
el la le un une il lo white black asian hispanic latino christian muslim jewish hindu buddhist
single married divorced widowed majority minority group local foreign domestic international
son daughter brother sister father mother husband wife spouse grandpa grandma s u n e g y
""")
"""Words that address people or name the group they are in."""
_ACTS = word_set("""
send deliver show invite notify call contact fire dismiss remove block suspend award pay charge schedule
enrol
enroll deny hire promote book reserve arrest flag escalate extend issue cancel evict refuse
target advertise recruit accept mail email reject terminate assign approve
""")
_LABEL_WORD = re.compile(r"\w+")
_PROSE = re.compile(r"(?:\S+\s+){3}\S")


def decides(name: str) -> bool:
    """The name is one of a result about somebody: a score, limit, price or decision."""
    words = words_of(name)
    return any(map(_is_decision, words)) and not _GROUPS.intersection(words)


def _is_decision(word: str) -> bool:
    return _DECIDES.match(word) is not None or _DECIDES_ABROAD.match(word) is not None


def is_foreign(words: frozenset[str]) -> bool:
    """Some words are of people or of decisions, in another language than English."""
    return bool(words & PEOPLE_ABROAD) or any(
        _DECIDES_ABROAD.match(word) is not None and _DECIDES.match(word) is None for word in words
    )


def asks(words: tuple[str, ...]) -> bool:
    """A question that is answered yes or no: `is_`, `can_`, `should_`."""
    return words[:1] != () and words[0] in _ASKS and not _OF_FORMS.intersection(words)


def says_decision(text: str) -> bool:
    """The text tells a decision."""
    return _SAYS.search(text.replace("_", " ")) is not None


def is_label(text: str) -> bool:
    """The text only addresses somebody or names a group: `Mrs`, `she`, `18-25`, `senior`."""
    words = [word for word in _LABEL_WORD.findall(text.lower()) if not word.isdigit()]
    return len(words) <= 6 and all(word in _LABELS for word in words)


def is_prose(text: str) -> bool:
    """Several words that tell no decision: something to be read."""
    return _PROSE.match(text) is not None and not says_decision(text)


def is_trade(words: frozenset[str]) -> bool:
    """Words of a trade in which people get something or do not."""
    return any(map(_is_decision, words)) or bool(words & (TRADE | FATES | PEOPLE_ABROAD))


TRADE = word_set("""
loan loans credit mortgage hire hiring hired salary premium insurance rent tenant parole bail
admission scholarship borrower applicant applicants candidate candidates lender underwriting
employer employee employees emp emps staff worker workers job jobs landlord policyholder defendant
inmate claimant claim claims skill skills productivity interview promotion resume resumes cv student housing
students pupil pupils recruiter vacancy
""")
FATES = word_set("""
default defaulted repaid repay repayment income hired churn dropout recidivated fired dismissed
""")


def acts(name: str) -> bool:
    """The name is one of a deed that somebody is glad or sorry of: `send_invitation`, `terminate`."""
    words = words_of(name)
    return bool(_ACTS.intersection(words)) or decides(name)
