"""Where an attribute has its place: purposes that the law or the body gives, by words of programs."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from policies.decision_code.names import word_set


class Place(NamedTuple):
    """Where words of `about` stand in a function's name and parameters, and none of `unless`, `attributes`
    have their place. A word that ends in a star is found inside others: `steuer*` in `kirchensteuer`."""

    about: frozenset[str]
    attributes: frozenset[str]
    unless: frozenset[str] = frozenset()


TRADES = word_set("""
loan credit mortgage* insurance* insurer insured premium hire hiring salary wage bonus applicant*
candidat* resume recruit*
interview underwrit* creditworth* lend kredit* darlehen* bewerb* einstell* gehalt* versicher* praemie*
pramie* candidat* embauche*
assurance prestamo hipoteca* seguro salario* contrat emprest prestit assicur* sollicit* lening verzeker*
kredyt* ubezp*
scholarship application applications surcharge* penalty* zuschlag* suspici suspect fraud bail parole
sentence eviction
""")
"""Where these stand too, no place is left."""
_BODY = frozenset(("age", "gender", "pregnancy", "disability", "family"))
_WAITING = word_set("""
price pricing job employee waiting queue priority triage bed beds slot slots appointment organ transplant
waitlist next
applicant* worth
""")
_RISKS = word_set("score risk rating trust")

PLACES: tuple[Place, ...] = (
    Place(
        word_set("""
dose doses dosing dosage dosis* bmi bmr gfr egfr creatinin* kreatinin* clearance heart clinical cholesterol
vaccin* impf* vacuna* calorie calories calorias kcal spirometry lung bone percentil* perzentil
patient patients cardiac workout zone fitness pulse alcohol bac blood diabetes symptom symptoms medical
screening_age
mammogra* colonoscop* smear prostate drug mg paediatric pediatric glucose hemoglobin haemoglobin ferritin
growth fev vo2 apgar framingham hormone testosterone estrogen contracept* fertility menstru* diagnos*
dietary
nutrient nutrition intake vitamin iron rda protein metabolic osteopor* anesthe* anaesthe* allergy lab
"""),
        _BODY,
        _WAITING,
    ),
    Place(
        word_set("""
visa passport customs tax taxes residency vote voting voter consular immigration election ballot embassy
treaty
withholding wahlberecht* wahl steuer* stimmrecht* impot impuesto imposto imposta belasting podatek skatt
votar votante
visto electoral* elector visado einreise citizenship_application naturali* jury_duty conscript wehrpflicht
draft
"""),
        frozenset(("nationality", "age")),
        _RISKS,
    ),
    Place(
        word_set("tax taxes steuer* impot impuesto imposto imposta belasting podatek skatt withholding"),
        frozenset(("religion", "marital status", "family", "disability")),
        _RISKS,
    ),
    Place(
        word_set("""
ticket tickets fare fares fee fees library museum entrance entry_fee membership concession retirement retire
retired pension* senior child rente renten rentenbegin* retraite jubilacion aposentadoria emerytura
eintritt fahrkarte billet entrada bilhete biglietto bilet ermaessig* ermassig* school_year kindergarten
playground
minor minors curfew guardian consent alcohol tobacco gambling adult majority legal_age driving_licence
licence license
rollercoaster coaster jeunesse nursery enfant enfants kind kinder nino ninos crianca bambini bambino
"""),
        frozenset(("age", "disability", "family")),
    ),
    Place(
        word_set(
            "statute statutory statutorily gesetzlich gesetzliche gesetzlicher legally entitlement allowance"
        ),
        frozenset(("age", "disability", "pregnancy", "religion", "family", "marital status")),
        _RISKS,
    ),
    Place(
        word_set("""
accessib* adjustments accommodation accommodations assistive ramp seating leave barrier route font
contrast zoom reader braille theme
captions reachable stepfree step lift elevator parking barrierefrei* accessib* urlaub* mutterschutz*
elternzeit* conge licencia permiso licenca congedo verlof
"""),
        frozenset(("disability", "pregnancy", "family")),
        word_set("score rating"),
    ),
    Place(
        word_set("""
match matching duplicate duplicates dedupe similarity linkage household soundex phonetic
find lookup directory initials sanction sanctions monogram
"""),
        frozenset(("surname", "first name", "postcode", "age")),
        _RISKS,
    ),
    Place(
        word_set("password passphrase username email mailbox login_name"),
        frozenset(("surname", "first name", "age")),
    ),
    Place(
        word_set("""
translator translators interpreter interpreters translation locale language subtitle subtitles lang
sprache* langue
idioma lingua taal jezyk sprak dolmetsch* ubersetz* uebersetz* interprete welcome
"""),
        frozenset(("native language", "accent", "nationality")),
        word_set("score risk grade"),
    ),
    Place(
        word_set("""
menu meal meals diet food catering prayer holiday holidays calendar feiertag* mahlzeit* repas comida
refeicao pasto fasting kosher halal worship_service chaplain burial funeral
"""),
        frozenset(("religion", "pregnancy", "age")),
        word_set("score risk"),
    ),
    Place(
        word_set("""
size sizes clothing shoe shoes garment outfit jersey shirt trouser uniform fit_guide kleidergr*
konfektion* taille talla tamanho taglia rozmiar storlek haircut salon fragrance bust waist inseam
"""),
        frozenset(("gender", "age", "pregnancy")),
    ),
    Place(
        word_set("""
shipping delivery courier parcel weather geocode distance nearest branch store tax vat region versand
livraison envio spedizione
"""),
        frozenset(("postcode", "neighbourhood")),
        word_set("risk"),
    ),
    Place(
        word_set("""
noun noun_gender adjective article articolo article_for declension decline_noun inflect grammar grammatic*
sostantiv*
aggettivo adjectif substantif sustantivo adjetivo articulo artigo substantivo adjektiv artikel nomen
deklin* conjug plural
pluriel anrede salutation* honorific kinship relation ancestor genealog* pedigree voice tts avatar
"""),
        frozenset(("gender", "age", "marital status")),
    ),
    Place(
        word_set("""
marathon* triathlon* race_result heat lap podium bib finisher* swim swimmer athlet* sprint tournament
league squad roster doubles relay wrestl weightclass weight_class handicap_index handicap golf judo boxing
bench squat deadlift powerlift chess rowing wettkampf* altersklasse*
categoria_deportiva
"""),
        frozenset(("gender", "age", "disability", "race", "nationality")),
    ),
)


def touches(words: Collection[str], about: frozenset[str]) -> bool:
    """Some word is one of these, or has a part in it that is."""
    if not about.isdisjoint(words):
        return True
    parts = [each[:-1] for each in about if each.endswith("*")]
    return any(part in word for word in words for part in parts)
