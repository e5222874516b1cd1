"""Does the form of a value alone say that it is no one person's own? Role mailboxes, and what people type
into a mandatory field. What only use can show (a family's phone, a switchboard) is not seen here."""

import re
from functools import lru_cache
from typing import Literal

import phonenumbers

Form = Literal["role", "junk"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# RFC 2142, and what companies print on their sites in en de fr es it pt nl pl sv da no cs fi tr hu ro
_ROLES = _words(
    """
    abuse accounting accounts admin administration administrator admissions bestellung bestellungen
    bewerbung billing bookings booking buchhaltung careers care contact contacts contactus customercare
    customerservice customersupport customers donotreply dpo einkauf empfang enquiries enquiry events
    feedback finance frontdesk gdpr hallo hello help helpdesk hilfe hostmaster hr info information infos
    inquiries inquiry invoice invoices it jobs kontakt kundendienst kundenservice legal lieferung mail
    mailbox mailerdaemon marketing media newsletter noreply notification notifications office operations
    order orders post postmaster presse press privacy procurement purchasing reception rechnung rechnungen
    rechnungswesen reklamation reservation reservations retouren returns root sales security sekretariat
    service servicedesk shipping shop spam staff store subscribe support team techsupport tickets
    unsubscribe verkauf versand vertrieb verwaltung warehouse webmaster zentrale accueil achats aide
    commande commandes comptabilite facturation secretariat serviceclient ventes administracion atencion
    atencionalcliente ayuda compras contacto facturacion facturas pedidos recepcion soporte ventas
    amministrazione assistenza clienti fatture informazioni ordini prenotazioni segreteria ufficio vendite
    atendimento comercial contato faturamento financeiro sac suporte vendas administratie bestellingen
    facturen inkoop klantenservice receptie verkoop biuro faktury ksiegowosc pomoc sprzedaz zamowienia
    faktura kundeservice kundservice kundtjanst ordre salg objednavky obchod podpora asiakaspalvelu
    laskutus myynti toimisto tuki bilgi destek iletisim muhasebe satis iroda ugyfelszolgalat comenzi
    vanzari
    """
)
_QUALIFIERS = _words("central desk general global group international intl main online web")
_NOBODY = _words(
    """
    none null nil na undefined unknown anonymous anonym noemail nomail nomailaddress noaddress notprovided
    notavailable noone nobody test tests testing testtest asdf asdfasdf qwerty qwertz dummy fake
    placeholder yourname youremail myemail email keine keinemail unbekannt inconnu sinemail desconocido
    """
)
# abc@abc.com, but not abc@acme.com
_SAME_AGAIN = _words("a b x aa aaa xx xxx abc foo bar me you user username name mail")
_SEPARATORS = re.compile(r"[-._+ /]+")


@lru_cache(maxsize=65_536)
def role_or_placeholder(kind: str, value: str) -> tuple[Form, str] | None:
    """Which of the two, and in words; for a normalised value. None when it looks like somebody's own."""
    if kind == "email":
        return _shared_mail(value)
    if kind == "phone":
        return ("junk", f"{value} is a placeholder number") if _is_placeholder_number(value) else None
    word = _SEPARATORS.sub("", value.casefold())
    return ("junk", f"{value!r} is a placeholder") if word in _NOBODY or not word.strip("0") else None


def _shared_mail(address: str) -> tuple[Form, str] | None:
    local, _, domain = address.rpartition("@")
    words = [word for word in _SEPARATORS.split(local.strip('"').partition("+")[0]) if word]
    joined = "".join(words)
    if joined in _NOBODY or (joined in _SAME_AGAIN and joined == domain.partition(".")[0]):
        return "junk", f"{address} is a placeholder address"
    led_by_role = bool(words) and words[0] in _ROLES and all(map(_says_no_name, words[1:]))
    if joined in _ROLES or led_by_role:
        return "role", f"{address} is a role mailbox"
    return None


def _says_no_name(word: str) -> bool:
    return word in _ROLES or word in _QUALIFIERS or word.isdigit() or len(word) == 2


def _is_placeholder_number(value: str) -> bool:
    """Seven equal digits at the end (0400 000 000), or nothing but counting (0412 345 678, 123456789)."""
    digits = value.partition(";")[0].lstrip("+0")
    if value.startswith("+"):
        digits = str(phonenumbers.parse(value).national_number)
    if len(set(digits[-7:])) <= 1:
        return True
    run = max(_counting(digits, 1), _counting(digits, -1))
    return run >= min(9, len(digits) - 1)


def _counting(digits: str, step: int) -> int:
    """How many digits at the end count from 1 up, past 9 to 0, or back (step -1)."""
    order = "1234567890"[::step]
    run = 1
    while run < len(digits) and digits[-run - 1] + digits[-run] in order:
        run += 1
    return run
