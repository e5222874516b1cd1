"""The names, places and goods that the demo desk is made of."""

from typing import Final, NamedTuple


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


SHOP: Final = "Northfold Outdoor"
SCOPE: Final = "northfold.example"
SLUG: Final = "demo"
"""The workspace of the demo."""
COLLEAGUES: Final = (
    ("maren.holt", "Maren Holt", "lead"),
    ("tom.ashworth", "Tom Ashworth", "agent"),
    ("priya.nair", "Priya Nair", "agent"),
    ("ewan.doyle", "Ewan Doyle", "agent"),
    ("sofia.lindgren", "Sofia Lindgren", "admin"),
)
ADMIN: Final = f"sofia.lindgren@{SCOPE}"
"""Whom the demo signs in without a password, on this machine alone."""
MAIL_HOSTS: Final = ("fellmail.example", "postbox.example", "brightnet.example", "inbox.example", "homepost.example")

GIVEN: Final = _listed(
    "Amelia Noah Isla Arthur Freya Leo Maya Oscar Ivy Theo Grace Finlay Rosa Callum Nadia Hugo Elsie Ravi Poppy Jonah "
    "Alice Marcus Zara Felix Beth Owen Leila Duncan Clara Sami Molly Patrick Aisha Gareth Nora Dylan Tara Simon "
    "Ingrid Malik Fiona Rhys Helen Kieran Yasmin Stuart Lydia Craig Amina Joel Heather Victor Sian Anton Megan Idris "
    "Kate Luis Erin Bruno"
)
FAMILY: Final = _listed(
    "Whitfield Okoro Barlow Sinclair Mistry Penrose Achterberg Lowell Farrow Hussain Kettle Drummond Vance Ellery "
    "Quayle Brandt Cairns Mwangi Thorne Ashby Pritchard Novak Sutherland Rahman Fielding Marsh Beckett Iqbal Holloway "
    "Greer Tennant Osei Winslow Radcliffe Bhatt Calder Munro Eastwood Lam Harkness Devlin Petrov Rowntree Siddiqui "
    "Oakley Blythe Ferreira Garrick Hale Strand"
)
PLACES: Final = (
    ("Keswick", "CA12 5JR", "Main Street"),
    ("Sheffield", "S1 2GU", "Norfolk Row"),
    ("Bristol", "BS1 4ST", "Baldwin Street"),
    ("Edinburgh", "EH1 1YS", "Cockburn Street"),
    ("Cardiff", "CF10 1BH", "Womanby Street"),
    ("Leeds", "LS1 6DT", "Park Row"),
    ("Inverness", "IV1 1EL", "Church Street"),
    ("Norwich", "NR2 1DS", "Upper Goat Lane"),
    ("Bangor", "LL57 1NY", "High Street"),
    ("Exeter", "EX4 3LS", "Gandy Street"),
    ("Hathersage", "S32 1BB", "Station Road"),
    ("London", "SE1 9GF", "Tooley Street"),
)


class Good(NamedTuple):
    """Something that the shop sells."""

    sku: str
    name: str
    price: float
    sizes: tuple[str, ...]


_BOOTS, _CLOTHES = ("38", "40", "42", "44", "46"), ("S", "M", "L", "XL")
GOODS: Final = (
    Good("NF-101", "Stanage walking boots", 149.0, _BOOTS),
    Good("NF-102", "Helvellyn winter boots", 219.0, _BOOTS),
    Good("NF-110", "Carn trail shoes", 109.0, _BOOTS),
    Good("NF-201", "Skiddaw rain jacket", 179.0, _CLOTHES),
    Good("NF-202", "Torridon down jacket", 239.0, _CLOTHES),
    Good("NF-205", "Gale windshirt", 64.0, _CLOTHES),
    Good("NF-210", "Merino base layer", 59.0, _CLOTHES),
    Good("NF-220", "Ridge trousers", 84.0, _CLOTHES),
    Good("NF-301", "Wasdale two-person tent", 329.0, ("green", "red")),
    Good("NF-302", "Corrie one-person tent", 259.0, ("green",)),
    Good("NF-310", "Larig 35 rucksack", 119.0, ("blue", "grey")),
    Good("NF-311", "Larig 60 rucksack", 169.0, ("blue", "grey")),
    Good("NF-320", "Three-season sleeping bag", 189.0, ("regular", "long")),
    Good("NF-321", "Insulated sleeping mat", 94.0, ("regular", "long")),
    Good("NF-401", "Ember gas stove", 48.0, ("one size",)),
    Good("NF-402", "Titanium pot set", 72.0, ("one size",)),
    Good("NF-410", "Beacon 400 headtorch", 39.0, ("one size",)),
    Good("NF-411", "Carbon trekking poles", 89.0, ("110-130 cm", "120-140 cm")),
    Good("NF-420", "Via ferrata set", 99.0, ("one size",)),
    Good("NF-430", "Gift card", 50.0, ("by mail",)),
)
CARRIERS: Final = ("Parcelhare", "Moorline", "Redcap Couriers")
