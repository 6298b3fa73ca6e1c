"""What programs call personal attributes, and the groups that these put people in, in many languages.

Words are folded: lower case, without accents (`lexicon.fold`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


PROTECTED: Mapping[str, str] = {
    "race": "race racial ethnicity ethnic eth_code eth_group ancestry indigenous aboriginal skin_color "
    "skin_colour skin_tone skin_shade skin complexion caste is_black is_white is_hispanic is_latino "
    "is_asian is_minority "
    "native_american american_indian pacific_islander first_nations african_american "
    "minority_status tribe bloodline raza raca rasse ras rasa cor_da_pele "
    "couleur_peau couleur_de_peau color_piel color_de_piel colore_pelle huidskleur hautfarbe kolor_skory "
    "hudfarg hudfarge irk suku suku_bangsa minzu jinshu jati nasl",
    "religion": "religion religious faith creed denomination muslim christian jewish hindu catholic "
    "buddhist "
    "sikh atheist hijab headscarf turban kippah kippa yarmulke niqab burqa worship mosque church_member "
    "churchgoer place_of_worship confession_of_faith konfession kopftuch glaube glaubensbekenntnis "
    "bekenntnis "
    "voile foulard confession croyance hiyab velo_islamico fe_religiosa culto credo geloof "
    "godsdienst wyznanie "
    "agama trossamfund trosretning trossamfunn kirketilhorighet hoofddoek kerklid chustka din_inanc "
    "inanc mezhep mazhab madhhab shukyo "
    "zongjiao dharm dharma vallas uskonto",
    "gender": "gender gndr sex male female transgender cisgender pronoun pronouns nonbinary non_binary "
    "is_woman is_man is_girl is_boy is_mother is_father single_mother single_father lone_mother "
    "maiden_name geschl "
    "sexe sexo sesso geslacht genero genre_personne plec kjonn kvinne kvinna cinsiyet jenis_kelamin "
    "kelamin "
    "gener_persoana sukupuoli pohlavi nem_ferfi xingbie seibetsu ling linga jins pol_klienta weiblich "
    "mannlich maennlich frau ist_frau civilite anrede est_femme es_mujer es_hombre femme mujer "
    "donna mulher vrouw kobieta "
    "perempuan wanita kadin",
    "age": "age birth_year year_of_birth birthyear birthdate birth_date date_of_birth dob yob birthday "
    "years_old age_in_years born born_year year_born birth_decade elderly is_senior senior_citizen "
    "generation_cohort "
    "lebensalter geburtsjahr geburtsdatum geburtstag geb_datum geb_jahr gebdat jahrgang "
    "annee_naissance annee_de_naissance date_naissance date_de_naissance naissance "
    "edad ano_nacimiento ano_de_nacimiento fecha_nacimiento fecha_de_nacimiento nacimiento "
    "idade ano_nascimento data_nascimento data_de_nascimento nascimento "
    "anno_nascita data_nascita data_di_nascita nascita leeftijd geboortejaar geboortedatum "
    "wiek rok_urodzenia data_urodzenia alder fodelsear fodselsar fodselsdato fodselsaar "
    "fodelsedatum umur usia "
    "tanggal_lahir tahun_lahir yas dogum_tarihi dogum_yili vozrast nianling nenrei seinengappi "
    "eletkor ika_vuotta "
    "varsta vek_let umr ayu",
    "disability": "disability disabilities is_disabled disabled_person handicap handicapped wheelchair "
    "impairment impaired deaf blind_person is_blind autistic autism special_needs chronic_illness "
    "chronic_condition chronic_disease mental_illness mental_health hiv hiv_positive guide_dog service_dog "
    "service_animal hearing_aid epileptic epilepsy depression bipolar genetic genetics genome "
    "hereditary dna brca syndrome disorder dementia adhd dyslexia dyslexic paraplegic amputee family_history "
    "schwerbehinderung behinderung behindert schwerbehindert gdb rollstuhl rollstuhlfahrer "
    "handicap_reconnu "
    "invalidite discapacidad minusvalia deficiencia deficiente disabilita invalidita handicap_fisico "
    "beperking rolstoel niepelnosprawnosc niepelnosprawny funktionsnedsattning funksjonshemming "
    "funktionshinder engelli engellilik disabilitas difabel canji shogai",
    "nationality": "nationality citizenship citizen national_origin nativity birthplace foreign_born "
    "born_abroad immigrant immigration_status immigration foreigner foreign_national migrant refugee "
    "asylum_seeker asylum noncitizen non_citizen is_foreign "
    "migration_background passport_country country_of_citizenship ethnic_origin country_of_origin "
    "place_of_origin region_of_origin nation_of_origin origin_nation name_origin probable_origin "
    "family_origin "
    "origin_country home_country is_native native_born residency_permit "
    "staatsangehoerigkeit staatsangehorigkeit staatsbuergerschaft staatsburgerschaft nationalitaet "
    "nationalitat "
    "herkunft herkunftsland geburtsland geburtsort migrationshintergrund auslander auslaender "
    "nationalite pays_origine lieu_naissance etranger est_etranger immigre "
    "nacionalidad extranjero inmigrante lugar_nacimiento nacionalidade estrangeiro imigrante naturalidade "
    "nazionalita cittadinanza straniero straniera luogo_nascita immigrato "
    "nationaliteit afkomst herkomst geboorteland allochtoon migratieachtergrond "
    "narodowosc obywatelstwo pochodzenie cudzoziemiec medborgarskap fodelseland statsborgerskap "
    "fodeland innvandrer invandrare utlandsfodd uyruk milliyet vatandaslik kewarganegaraan kebangsaan "
    "kokuseki guoji natsionalnost grazhdanstvo allampolgarsag cetatenie kansalaisuus obcanstvi",
    "marital status": "marital_status marital married unmarried is_married relationship_status "
    "divorced divorcee widowed widow widower civil_status family_status spouse_consent husband_consent "
    "husband_income wedding single_parent single_mother familienstand verheiratet geschieden "
    "ledig alleinerziehend etat_civil situation_familiale situation_matrimoniale marie celibataire "
    "estado_civil soltera soltero casada casado stato_civile coniugata coniugato nubile "
    "burgerlijke_staat gehuwd stan_cywilny civilstand civilstatus sivilstand sivilstatus medeni_hal "
    "medeni_durum status_perkawinan status_nikah hunyin vaivahik",
    "family": "has_children has_kids parental_status is_parent parenthood childless family_planning "
    "wants_children plans_children planning_family young_children small_children nursing_mother "
    "breastfeeding childcare_duties caregiver kinderwunsch hat_kinder a_des_enfants tiene_hijos tem_filhos "
    "ha_figli heeft_kinderen",
    "pregnancy": "pregnant pregnancy is_expecting maternity maternity_leave parental_leave paternity "
    "family_leave schwanger schwangerschaft elternzeit mutterschutz enceinte grossesse conge_maternite "
    "embarazada embarazo gravida gravidez gestante incinta gravidanza zwanger zwangerschap ciaza w_ciazy "
    "foraldraledig foreldrepermisjon gravid hamil hamile huaiyun ninshin",
    "sexual orientation": "sexual_orientation sexuality is_gay is_lesbian gay lesbian bisexual queer lgbt "
    "lgbtq lgbtqia same_sex homosexual orientation_sexuelle orientacion_sexual orientacao_sexual "
    "orientamento_sessuale sexuelle_orientierung seksuele_voorkeur orientacja_seksualna",
    "politics": "political_affiliation political_party party_affiliation political_views political_leaning "
    "politics political union_member union_membership trade_union in_union unionized unionised "
    "voted_for party_member party_membership voter_registration gewerkschaft gewerkschaftsmitglied "
    "parteimitglied parteibuch syndique afiliacion_politica afiliado_sindicato sindicalizado "
    "orientamento_politico partij_lidmaatschap",
}
"""Attribute to names, each words joined by underscores."""
PROXIES: Mapping[str, str] = {
    "postcode": "zip zipcode zip_code postcode post_code postal_code postalcode zip3 zip5 plz postleitzahl "
    "code_postal codigo_postal cod_postal cap_residenza codice_postale kod_pocztowy postnummer "
    "postnr kode_pos "
    "kodepos posta_kodu",
    "neighbourhood": "neighbourhood neighborhood census_tract borough stadtteil stadtviertel quartier "
    "barrio "
    "bairro quartiere wijk buurt dzielnica mahalle banlieue",
    "surname": "surname last_name lastname lname family_name nachname familienname zuname nom_famille "
    "nom_de_famille patronyme apellido apellidos sobrenome cognome achternaam nazwisko efternamn etternavn "
    "soyad soyadi nama_belakang",
    "first name": "first_name firstname fname given_name forename vorname prenom primer_nombre nombre_pila "
    "primeiro_nome voornaam imie fornamn fornavn nama_depan",
    "accent": "accent dialect akzent acento accento akcent aksen",
    "native language": "native_language mother_tongue first_language home_language native_speaker "
    "primary_language spoken_language muttersprache langue_maternelle lengua_materna lingua_materna "
    "lingua_madre madrelingua moedertaal thuistaal jezyk_ojczysty modersmal morsmal anadil bahasa_ibu",
    "school": "school high_school alma_mater university college lycee ecole escuela escola scuola "
    "hochschule schule universite universidad universita universidade",
}
"""Names of what often stands for a protected attribute."""
AMBIGUOUS: Mapping[str, str] = {
    "age": "alter eta ika vek lata",
    "gender": "kon pol nem genre genere ling",
    "race": "cor",
    "nationality": "origine origen pays_origine origin",
    "religion": "din culte",
    "postcode": "cap cep",
}
"""Names that are taken for an attribute only in programs whose other words are of people and not English."""
OF_PERSONS: Mapping[str, str] = {"nationality": "origin", "politics": "party", "disability": "disabled"}
"""Names that are an attribute only next to a word of somebody: `guest.origin`."""
STEMS = (
    ("race", r"ethni|^etni[ack]|hautfarb|afroameric"),
    ("religion", r"religi|konfession|^kirchen?mitgl|^muslim|^moslem|^islam"),
    ("sexual orientation", r"sexualor"),
    ("gender", r"gender$|^gender|geschlecht|^transsex"),
    (
        "nationality",
        r"nationalit|^staats[ab]|^citizen|nacionalid|nazionalit|immigra|^migrations|obywatel|^geburtsl|fodelsel",
    ),
    ("pregnancy", r"pregnan|schwanger|^zwanger|^embaraz|maternit|paternit|mutterschutz|elternzeit"),
    ("disability", r"^disabilit|behinder|^discapac|niepelnosp|wheelchair|rollstuhl|rolstoel"),
    ("marital status", r"familienstand|marital|verheirat|^divorc"),
    ("age", r"^geburtsj|^geburtsd|^birthd|^birthy|^geboorte[jd]|^fodelse(ar|d)|^fodsels"),
    ("native language", r"muttersprach|herkunftssprach|erstsprach"),
    ("surname", r"nachname$|^lastname$|^surname$"),
    ("postcode", r"^postleitz|^zipcode$|^postcode"),
)
"""Parts of words that mean an attribute wherever they stand."""
BIRTH = word_set("""
birth born native nativity passport origen origine origem heritage naissance nacimiento nascita nascimento
geburt geburts herkunft pochodzenia urodzenia fodelse lahir dogum asal ancestry citizenship
""")
LANDS = word_set("""
country land place state region continent nation city pays pais paese kraj lieu lugar luogo local miejsce
negara ulke lander ort
""")
"""A word of the first and one of the second: where somebody comes from."""

GROUPS: Mapping[str, str] = {
    "gender": "female females woman women womens girl girls boy boys mrs ms miss mr weiblich "
    "mannlich maennlich frauen "
    "femme femmes homme feminin masculin mujer mujeres hombre femenino masculino femminile maschile donna "
    "uomo mulher homem feminino vrouw kobieta mezczyzna kvinna kvinne perempuan wanita laki kadin erkek "
    "cisgender transgender nonbinary herr herrn mme mlle madame monsieur senora signora dhr mevr pani",
    "religion": "muslim muslims islam islamic jewish jew jews hindu hindus christian christians catholic "
    "protestant buddhist sikh atheist mosque synagogue halal kosher ramadan imam allah quran koran "
    "torah hijab katholisch "
    "evangelisch muslimisch judisch juedisch musulman musulmane catholique juif juive musulmano musulmana "
    "catolico catolica cattolico cattolica ebreo ebrea katolik islamitisch",
    "race": "caucasian hispanic latino latina latinx roma romani gypsy gitano gitana rom tzigane "
    "negro negra "
    "preta pardo parda indigena maghrebin maghrebine arab arabs asian asians african dalit "
    "aboriginal mestizo "
    "mulato schwarze schwarzer obc",
    "nationality": "immigrant immigrants refugee refugees foreigner foreigners auslander auslaender "
    "etranger "
    "extranjero extranjera straniero straniera estrangeiro migrant migrants",
    "marital status": "married divorced widowed unmarried divorcee verheiratet geschieden verwitwet "
    "celibataire "
    "divorcado divorciada divorciado viuda viudo casada casado soltera soltero nubile coniugata coniugato "
    "divorziata divorziato mariee",
    "pregnancy": "pregnant maternity schwanger enceinte embarazada incinta gravida zwanger hamil",
    "sexual orientation": "gay lesbian homosexual heterosexual bisexual queer lgbt lgbtq lgbtqia hetero",
    "disability": "wheelchair deaf autistic epileptic behindert discapacitado",
}
"""Attribute to words of groups: what is compared with one of them is that attribute, whatever its name."""
NAMED_GROUPS = ("religion", "race", "nationality", "sexual orientation", "pregnancy")
"""Attributes whose groups name fields as well: `person.roma`."""
OF_THINGS = frozenset(("race", "religion", "gender", "age", "nationality", *PROXIES))
"""Attributes that things may have too."""

PEOPLE = word_set("""
applicant applicants candidate candidates cand cands person people persons user users customer customers
client clients borrower borrowers employee employees emp emps student students pupil pupils tenant tenants
defendant defendants inmate patient patients driver drivers citizen citizens member members worker workers
guest guests renter renters shopper caller passenger passengers pax traveller travellers traveler resident
residents claimant claimants donor donors volunteer volunteers nurse nurses teacher teachers juror jurors
founder founders staff colleague colleagues policyholder subscriber viewer rider riders buyer buyers
seller lead leads lender prisoner offender offenders suspect suspects detainee household households parent
parents child kid kids athlete player players cv cvs resume resumes profile profiles holder owner voter
voters hire hires recruit recruits beneficiary insured insuree worker freelancer caller callers voter
runner courier contractor mieter
""")
"""Words of somebody."""
PEOPLE_ABROAD = word_set("""
bewerber bewerberin bewerbungen bewerbung kandidat kandidaten kunde kunden mieter fahrer antrag antraege
antragsteller mitarbeiter angestellte schueler schuler patient versicherter mitglied person personen
nutzer kreditnehmer candidat candidats candidate demandeur demandeurs locataire locataires salarie
salaries employe dossier dossiers eleve eleves etudiant assure assures emprunteur postulant solicitante
solicitantes candidato candidatos candidata cliente clientes inquilino inquilinos empleado empleados
alumno alumnos aspirante aspirantes persona personas paciente usuario trabajador solicitud aluno alunos
pessoa pessoas funcionario funcionarios inquilinos requerente pedido usuarios segurado candidati clienti
inquilina inquilini dipendente dipendenti studente studenti richiedente richiedenti lavoratore assicurato
sollicitant sollicitanten klant klanten huurder huurders werknemer leerling kandidaat kandidaten
verzekerde aanvrager klient klienci kandydat kandydaci pracownik najemca student wnioskodawca osoba osoby
sokande kund kunder hyresgast arbetstagare elev soker soknad ansokan deltagare ansatt pelamar nasabah
pelanggan penyewa karyawan siswa peminjam calon warga aday adaylar musteri kiraci calisan ogrenci basvuran
kisi kandidat soiskatel klienty zayavitel sotrudnik shinseisha koukyaku oubosha shenqingren kehu hakija
asiakas palyazo
""")
"""The same in other languages."""
THINGS = word_set("""
cache file path house building home flat apartment villa car vehicle truck bike bicycle boat ship aircraft
plane machine engine motor battery disk page document token session server node cluster tyre tire dragon
container certificate artwork painting wine whisky cheese beer bottle tree plant flower seed crop forest
animal horse mare stallion dog cat pet puppy cow cattle sheep pig chicken bird fish livestock goods good
product item article shirt garment dress jacket shoe connector socket plug cable adapter pipe fitting
screw thread coin stamp comic deck character sheet hero npc monster creature unit elf orc dwarf spell
avatar noun verb adjective word sentence parcel shipment package cargo manufacture manufacturer factory
device sensor phone laptop router domain repo commit branch release song track album book novel movie film
episode series game recipe dish meal voice setting settings config font theme star planet rock fossil
sample specimen cell mouse strain gene inventory sku vessel locomotive wagon sim bridge road dam church
mosque temple synagogue charity auto fahrzeug gebaeude gebaude haus pferd hund katze tier kaninchen kuh
rind schwein baum wein ware waren produkt figur voiture vehicule batiment maison cheval chien chat vache
lapin animal arbre vin produit marchandise coche vehiculo edificio casa caballo perro vaca oveja conejo
arbol vino producto mercancia carro veiculo predio cavalo cachorro vinho produto macchina veicolo cavallo
cane gatto mucca albero prodotto merce gebouw paard hond boom wijn samochod budynek pies drzewo wino towar
""")
"""Words of what has an age, an origin or a sex and is nobody."""


def is_thing(words: Iterable[str]) -> bool:
    """The last word that is of a person or of a thing is of a thing."""
    for word in reversed(tuple(words)):
        if word in PEOPLE or word in PEOPLE_ABROAD:
            return False
        if not THINGS.isdisjoint((word, word.removesuffix("s"), word.removesuffix("es"))):
            return True
    return False


def is_person(words: Iterable[str]) -> bool:
    """Some word is of a person."""
    return any(word in PEOPLE or word in PEOPLE_ABROAD for word in words)
