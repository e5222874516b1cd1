"""What the people of `crowd.py` are called and where they live: frequent names first, rarer ones put together."""

from typing import Final


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


GIVEN: Final = _listed(
    "James Mary John Elizabeth Robert Patricia Michael Jennifer William Linda David Sarah Richard Susan Joseph Jessica "
    "Thomas Karen Daniel Emily Matthew Margaret Anthony Catherine Mark Laura Paul Rebecca Andrew Helen Steven Anna "
    "Kevin Rachel Brian Olivia George Emma Edward Grace Peter Sophie Jason Hannah Ryan Alice Jacob Julia Nicholas "
    "Victoria Jonathan Charlotte Stephen Amelia Benjamin Megan Samuel Natalie Gregory Diana Alexander Lucy Frank Rose "
    "Patrick Clara Jack Nora Dennis Irene Henry Eva Martin Ruth Simon Joan Philip Amina Oliver Fatima Adam Priya Omar "
    "Mei Ahmed Ingrid Luca Chiara Mateo Sofia Piotr Agnieszka Kwame Abena Yusuf Leila Hiroshi Yuki Diego Lucia Ivan"
)
NICKNAMES: Final = {
    "James": _listed("Jim Jamie"),
    "Elizabeth": _listed("Liz Beth Lizzie"),
    "Robert": _listed("Bob Rob"),
    "Patricia": _listed("Pat Trish"),
    "Michael": _listed("Mike Mick"),
    "Jennifer": _listed("Jen Jenny"),
    "William": _listed("Bill Will"),
    "David": _listed("Dave"),
    "Richard": _listed("Rick Dick"),
    "Susan": _listed("Sue"),
    "Joseph": _listed("Joe"),
    "Thomas": _listed("Tom"),
    "Daniel": _listed("Dan Danny"),
    "Matthew": _listed("Matt"),
    "Margaret": _listed("Maggie Peggy"),
    "Anthony": _listed("Tony"),
    "Catherine": _listed("Kate Cathy"),
    "Andrew": _listed("Andy Drew"),
    "Steven": _listed("Steve"),
    "Edward": _listed("Ed Ted"),
    "Nicholas": _listed("Nick"),
    "Victoria": _listed("Vicky Tori"),
    "Benjamin": _listed("Ben"),
    "Samuel": _listed("Sam"),
    "Alexander": _listed("Alex Sandy"),
}
FAMILY: Final = _listed(
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson Evans Walker White Roberts "
    "Green Hall Wood Jackson Clarke Khan Lewis Harris Martin Cooper Hill Ward Turner Baker Moore Allen Scott King "
    "Young Mitchell Anderson Lee Campbell Kelly Murphy Singh Bennett Carter Phillips Parker Edwards Collins Bell Cox "
    "Shaw Murray Richardson Ahmed Ali Hussain Begum Nguyen Chen Garcia Martinez Silva Rossi Ferrari Müller Schmidt "
    "Weber Novak Kowalski Ivanov Cohen Levy Okafor Mensah Diallo Tanaka Kim Park Wang Li O'Brien O'Connor MacDonald "
    "McCarthy Fitzgerald Van-Dijk Jansen Larsen Hansen Lindqvist"
)
HEADS: Final = _listed(
    "Ash Black Bram Brad Brent Cal Charl Chur Clay Cob Crow Dal Dun Eller Elm Fair Farn Gar Glen Graf Hal Hart Haw "
    "Hazel Hol Hux Ken Kirk Lang Lin Mar Mel Mill Nor Oak Pem Pres Rad Ravens Red Rox Salt Sher Stan Thorn Wake Wal "
    "Wes Whit Win Wor Yar"
)
TAILS: Final = _listed(
    "bourne bridge brook burn bury by combe cott croft dale den field ford gate ham hurst ingham land leigh ley low "
    "mere more ridge shaw stead stock stone thorpe ton ville ward wick wood worth"
)
STREETS: Final = _listed(
    "High Church Station Mill Park Victoria Albert Queen King London Bridge Castle North South West East Chapel School "
    "Green Manor Orchard Chestnut Beech Cedar Willow Rowan Hawthorn Meadow River Abbey Market Grange Nelson Wellington "
    "Clarence Cambridge Oxford Richmond Windsor Stanley"
)
WAYS: Final = _listed("Street Road Lane Avenue Close Drive")
MAIL_HOSTS: Final = ("gmail.com",) * 5 + ("outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.net", "aol.com")
JUNK_MAILS: Final = ("none@none.com", "test@test.com", "a@a.com", "noemail@gmail.com", "xxx@xxx.com")
ROLES: Final = ("info", "office", "sales", "accounts", "reception")
