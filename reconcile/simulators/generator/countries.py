"""The eight countries that practice companies come from, each with its own names, streets, postcodes and telephones."""

from __future__ import annotations

from reconcile.simulators.generator.vocabulary import City, Country


def _cities(*rows: str) -> tuple[City, ...]:
    """Cities written as "name|region|postcode pattern|area"."""
    return tuple(City(*row.split("|")) for row in rows)


_ENGLISH_GIVEN = tuple(
    "James Mary Robert Patricia John Jennifer Michael Linda William Elizabeth David Susan Richard Jessica Joseph Sarah "
    "Thomas Karen Charles Nancy Christopher Lisa Daniel Margaret Steven Katherine Andrew Emily Kevin Laura Brian Amanda "
    "George Rachel Edward Megan Ronald Hannah Anthony Olivia Peter Grace Alan Fiona Stuart Claire Priya Wei Carlos "
    "Fatima Omar Aisha Chen Mei".split()
)
_ENGLISH_STREETS = tuple(
    "Main Street|Oak Avenue|Maple Drive|Cedar Lane|Park Avenue|Washington Boulevard|Lake Street|Hill Road|Elm Street|"
    "Sunset Boulevard|Church Street|River Road|Highland Avenue|Mill Road|Jefferson Street|Lincoln Avenue|Market Street|"
    "Commerce Drive|Industrial Parkway|Technology Drive|Franklin Street|Madison Avenue|Spring Street|Union Street|"
    "North Front Street|South State Street|West 34th Street|East Broadway|Harbor Drive|Airport Road|College Avenue|"
    "Center Street|Pine Street|Walnut Street|Chestnut Street|Liberty Street|Prospect Avenue|Mission Street".split("|")
)
_BRITISH_STREETS = tuple(
    "High Street|Station Road|Victoria Road|Church Lane|King Street|Queen Street|London Road|Park Road|Albert Terrace|"
    "Castle Street|Mill Lane|Bridge Street|Windsor Road|Chapel Street|York Place|Grange Road|Deansgate|Princess Street|"
    "Wharf Road|Canal Street".split("|")
)

UNITED_STATES = Country(
    code="US", name="United States", share=46, dial="1", national_digits=10, trunk="", house_first=True,
    legal_forms=("Inc.", "Inc.", "LLC", "LLC", "Corp.", "Co.", "Ltd", ""), tlds=("com", "com", "com", "com", "net", "io", "us"),
    streets=_ENGLISH_STREETS, given=_ENGLISH_GIVEN,
    family=tuple(
        "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson "
        "Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson "
        "Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell "
        "Mitchell Carter Roberts Gardner Whitaker Kowalski Okafor Petrov Haddad".split()
    ),
    cities=_cities(
        "Austin|TX|787##|512", "Dallas|TX|752##|214", "Houston|TX|770##|713", "San Antonio|TX|782##|210",
        "New York|NY|100##|212", "Buffalo|NY|142##|716", "Rochester|NY|146##|585", "Chicago|IL|606##|312",
        "Springfield|IL|627##|217", "Los Angeles|CA|900##|213", "San Francisco|CA|941##|415", "San Diego|CA|921##|619",
        "Sacramento|CA|958##|916", "Oakland|CA|946##|510", "Seattle|WA|981##|206", "Spokane|WA|992##|509",
        "Portland|OR|972##|503", "Denver|CO|802##|303", "Phoenix|AZ|850##|602", "Tucson|AZ|857##|520",
        "Boston|MA|021##|617", "Springfield|MA|011##|413", "Miami|FL|331##|305", "Tampa|FL|336##|813",
        "Orlando|FL|328##|407", "Atlanta|GA|303##|404", "Charlotte|NC|282##|704", "Raleigh|NC|276##|919",
        "Philadelphia|PA|191##|215", "Pittsburgh|PA|152##|412", "Columbus|OH|432##|614", "Cleveland|OH|441##|216",
        "Detroit|MI|482##|313", "Minneapolis|MN|554##|612", "St. Louis|MO|631##|314", "Kansas City|MO|641##|816",
        "Nashville|TN|372##|615", "New Orleans|LA|701##|504", "Salt Lake City|UT|841##|801", "Baltimore|MD|212##|410",
    ),
)  # fmt: skip
CANADA = Country(
    code="CA", name="Canada", share=8, dial="1", national_digits=10, trunk="", house_first=True,
    legal_forms=("Inc.", "Ltd", "Corp.", "ULC", ""), tlds=("ca", "com", "ca"), streets=_ENGLISH_STREETS, given=_ENGLISH_GIVEN,
    family=tuple("Tremblay Roy Singh MacDonald Campbell Gagnon Wong Fraser Bouchard Stewart Leblanc Murray Chan Cote".split()),
    cities=_cities(
        "Toronto|ON|M5@ #@#|416", "Ottawa|ON|K1@ #@#|613", "Hamilton|ON|L8@ #@#|905", "Vancouver|BC|V6@ #@#|604",
        "Victoria|BC|V8@ #@#|250", "Montréal|QC|H3@ #@#|514", "Québec|QC|G1@ #@#|418", "Calgary|AB|T2@ #@#|403",
        "Edmonton|AB|T5@ #@#|780", "Winnipeg|MB|R3@ #@#|204", "Halifax|NS|B3@ #@#|902",
    ),
)  # fmt: skip
UNITED_KINGDOM = Country(
    code="GB", name="United Kingdom", share=15, dial="44", national_digits=10, trunk="0", house_first=True,
    legal_forms=("Ltd", "Limited", "Limited", "PLC", "LLP", ""), tlds=("co.uk", "co.uk", "com", "uk"),
    streets=_BRITISH_STREETS, given=_ENGLISH_GIVEN,
    family=tuple(
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White Roberts "
        "Green Hall Wood Jackson Clarke Khan Hughes Edwards Turner Cooper Hill Ward Morris Whitfield Ashworth".split()
    ),
    cities=_cities(
        "London|Greater London|EC1@ #@@|20", "London|Greater London|SW1@ #@@|20", "London|Greater London|N1 #@@|20",
        "Manchester|Greater Manchester|M# #@@|161", "Birmingham|West Midlands|B# #@@|121", "Leeds|West Yorkshire|LS# #@@|113",
        "Sheffield|South Yorkshire|S# #@@|114", "Liverpool|Merseyside|L# #@@|151", "Bristol|Bristol|BS# #@@|117",
        "Edinburgh|Midlothian|EH# #@@|131", "Glasgow|Lanarkshire|G# #@@|141", "Cardiff|South Glamorgan|CF1# #@@|29",
        "Newcastle upon Tyne|Tyne and Wear|NE# #@@|191", "Stockport|Cheshire|SK# #@@|161",
    ),
)  # fmt: skip
GERMANY = Country(
    code="DE", name="Germany", share=12, dial="49", national_digits=10, trunk="0", house_first=False,
    legal_forms=("GmbH", "GmbH", "AG", "GmbH & Co. KG", "e.K.", "KG"), tlds=("de", "de", "com"),
    streets=tuple(
        "Hauptstraße|Bahnhofstraße|Schillerstraße|Goethestraße|Gartenstraße|Lindenallee|Berliner Straße|Marktplatz|"
        "Industriestraße|Mühlenweg|Königsallee|Schloßstraße|Bergstraße|Am Hafen|Friedrichstraße|Ringstraße".split("|")
    ),
    given=tuple("Anna Lukas Jürgen Sabine Klaus Jörg Björn Käthe Stefan Monika Wolfgang Ursula Matthias Heike Uwe Lena".split()),
    family=tuple(
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf "
        "Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Köhler Jäger Groß Böhm Weiß".split()
    ),
    cities=_cities(
        "Berlin|Berlin|101##|30", "Hamburg|Hamburg|200##|40", "München|Bayern|803##|89", "Köln|Nordrhein-Westfalen|506##|221",
        "Frankfurt am Main|Hessen|603##|69", "Stuttgart|Baden-Württemberg|701##|711", "Düsseldorf|Nordrhein-Westfalen|402##|211",
        "Leipzig|Sachsen|041##|341", "Dresden|Sachsen|010##|351", "Nürnberg|Bayern|904##|911", "Hannover|Niedersachsen|301##|511",
        "Bremen|Bremen|281##|421", "Münster|Nordrhein-Westfalen|481##|251",
    ),
)  # fmt: skip
FRANCE = Country(
    code="FR", name="France", share=8, dial="33", national_digits=9, trunk="0", house_first=True,
    legal_forms=("SARL", "SAS", "SAS", "SA", "EURL"), tlds=("fr", "fr", "com"),
    streets=tuple(
        "Rue de la Paix|Rue Victor Hugo|Avenue de la République|Boulevard Saint-Michel|Rue du Général de Gaulle|"
        "Place de l'Église|Avenue Jean Jaurès|Rue Pasteur|Quai de la Loire|Rue des Écoles|Cours Lafayette".split("|")
    ),
    given=tuple("Jean Marie Pierre Camille François Hélène Benoît Chloé Étienne Zoé Jérôme Amélie Noël Inès Cécile Luc".split()),
    family=tuple(
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Lefèvre Mercier Dupont Lambert Bonnet "
        "François Legrand Garnier Faure Rousseau Gauthier Chevalier Clément Guérin Béranger Besançon".split()
    ),
    cities=_cities(
        "Paris|Île-de-France|750##|1", "Lyon|Auvergne-Rhône-Alpes|690##|4", "Marseille|Provence-Alpes-Côte d'Azur|130##|4",
        "Toulouse|Occitanie|310##|5", "Nantes|Pays de la Loire|440##|2", "Strasbourg|Grand Est|670##|3",
        "Bordeaux|Nouvelle-Aquitaine|330##|5", "Lille|Hauts-de-France|590##|3", "Besançon|Bourgogne-Franche-Comté|250##|3",
    ),
)  # fmt: skip
NETHERLANDS = Country(
    code="NL", name="Netherlands", share=4, dial="31", national_digits=9, trunk="0", house_first=False,
    legal_forms=("B.V.", "B.V.", "N.V.", ""), tlds=("nl", "nl", "com"),
    streets=tuple(
        "Hoofdstraat|Kerkstraat|Dorpsstraat|Stationsweg|Molenweg|Prinsengracht|Keizersgracht|Nieuwstraat|Havenkade".split("|")
    ),
    given=tuple("Jan Sanne Pieter Anouk Joost Femke Bram Lotte Maarten Iris Ruben Eline".split()),
    family=tuple("de Jong|Jansen|de Vries|van den Berg|Bakker|van Dijk|Visser|Smit|Meijer|de Boer|Mulder|Dekker".split("|")),
    cities=_cities(
        "Amsterdam|Noord-Holland|10## @@|20", "Rotterdam|Zuid-Holland|30## @@|10", "Utrecht|Utrecht|35## @@|30",
        "Eindhoven|Noord-Brabant|56## @@|40", "Den Haag|Zuid-Holland|25## @@|70", "Groningen|Groningen|97## @@|50",
    ),
)  # fmt: skip
AUSTRALIA = Country(
    code="AU", name="Australia", share=5, dial="61", national_digits=9, trunk="0", house_first=True,
    legal_forms=("Pty Ltd", "Pty Ltd", "Ltd", ""), tlds=("com.au", "com.au", "com"),
    streets=_BRITISH_STREETS, given=_ENGLISH_GIVEN,
    family=tuple("Smith Jones Williams Brown Wilson Taylor Nguyen Johnson Martin White Anderson Walker Kelly Ryan".split()),
    cities=_cities(
        "Sydney|NSW|20##|2", "Newcastle|NSW|23##|2", "Melbourne|VIC|30##|3", "Geelong|VIC|32##|3", "Brisbane|QLD|40##|7",
        "Perth|WA|60##|8", "Adelaide|SA|50##|8", "Hobart|TAS|70##|3",
    ),
)  # fmt: skip
SPAIN = Country(
    code="ES", name="Spain", share=2, dial="34", national_digits=9, trunk="", house_first=False,
    legal_forms=("S.L.", "S.A.", "S.L."), tlds=("es", "es", "com"),
    streets=tuple("Calle Mayor|Gran Vía|Avenida de la Constitución|Paseo de Gracia|Calle de Alcalá|Plaza España".split("|")),
    given=tuple("María José Lucía Andrés Íñigo Sofía Martín Elena Álvaro Begoña".split()),
    family=tuple("García Fernández González Rodríguez López Martínez Sánchez Pérez Muñoz Núñez Ibáñez Peña".split()),
    cities=_cities(
        "Madrid|Madrid|280##|91", "Barcelona|Cataluña|080##|93", "Valencia|Valencia|460##|96", "Sevilla|Andalucía|410##|95",
        "A Coruña|Galicia|150##|98",
    ),
)  # fmt: skip

COUNTRIES: tuple[Country, ...] = (
    UNITED_STATES, CANADA, UNITED_KINGDOM, GERMANY, FRANCE, NETHERLANDS, AUSTRALIA, SPAIN,
)  # fmt: skip
