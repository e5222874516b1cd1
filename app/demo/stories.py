"""What people write to an outdoor shop, and how its desk answers: the first half of the scripts.

A turn is who (`in`, `out`, `note`, or a pushed fact), how many minutes after the one before, and the words.
`{one|other}` is drawn; `{name}`, `{agent}`, `{order}`, `{item}`, `{size}`, `{carrier}`, `{track}` are filled in.
"""

from typing import Final, NamedTuple


class Turn(NamedTuple):
    who: str
    after: int
    words: str


class Story(NamedTuple):
    """`days` after the order was placed it begins; `fits` names the goods, by the beginning of their number."""

    name: str
    channel: str
    subject: str
    days: int
    fits: str
    turns: tuple[Turn, ...]


HOUR: Final = 60
DAY: Final = 24 * HOUR

LATE_PARCEL: Final = Story(
    "late parcel",
    "email",
    "Where is my order {order}?",
    6,
    "NF",
    (
        Turn(
            "in",
            0,
            "{Hello|Hi there|Good morning},\n\nI ordered the {item} last week ({order}) and {the tracking has not moved for three days|it was due on Tuesday and nothing has come}. {We leave for Skye on Friday|I need it for a trip at the weekend}, so I am getting a bit nervous.\n\n{Thanks|Many thanks},\n{name}",
        ),
        Turn(
            "out",
            95,
            "Hello {name},\n\nI am sorry about the wait. {carrier} shows parcel {track} as held at the {Carlisle|Wakefield|Swindon} depot since Monday. I have asked them to put it on tomorrow's van and will look again at noon.\n\nIf it does not move I send a second one from the shop by next-day courier; you would have it before you leave.\n\n{agent}",
        ),
        Turn(
            "note",
            2,
            "Promised {name} an answer by noon tomorrow. If {carrier} has not scanned {track} by then: replacement by courier, no questions.",
        ),
        Turn("fact:shipment", DAY, "out for delivery"),
        Turn(
            "out",
            40,
            "Good news: {track} was scanned on the van at 07:50 and should be with you before two.\n\n{agent}",
        ),
        Turn(
            "in",
            6 * HOUR,
            "{It is here, thank you!|Just arrived. Thanks for chasing it.|Got it, all in one piece. You saved our weekend.}",
        ),
    ),
)
WRONG_SIZE: Final = Story(
    "wrong size",
    "chat",
    "Exchange for another size",
    9,
    "NF-1",
    (
        Turn(
            "in",
            0,
            "hi, the {item} from {order} {pinch at the toes|are half a size too small}. can I swap {size} for the next one up?",
        ),
        Turn("out", 2, "Hello {name}, of course. Have you worn them outside yet?"),
        Turn("in", 1, "{only on the carpet|just around the house with thick socks}"),
        Turn(
            "out",
            3,
            "Perfect. I have put a pair in the next size aside for you and mailed you a return label. They go out as soon as {carrier} scans your return.",
        ),
        Turn("in", 2, "{brilliant, thanks|great. do I have to pay for the label?}"),
        Turn("out", 1, "No, exchanges are on us. Anything else I can do?"),
        Turn("note", 1, "Size exchange on {order}; new pair reserved for 14 days."),
    ),
)
REFUND: Final = Story(
    "refund",
    "email",
    "Return of {item}, order {order}",
    16,
    "NF",
    (
        Turn(
            "in",
            0,
            "Hello,\n\nI sent the {item} back {ten days ago|on the 3rd} and {carrier} says it was delivered to you. {My card has not been credited yet|I cannot see the money}. Could you have a look?\n\n{name}",
        ),
        Turn(
            "out",
            3 * HOUR,
            "Hello {name},\n\nyour return was booked in on Monday and then waited for a colleague who was ill, which is our fault and not yours. I have just released the refund. Banks take two to five working days to show it.\n\nBest wishes\n{agent}",
        ),
        Turn("fact:refund", 12, ""),
        Turn("in", 3 * DAY, "{The money is there, thank you for the quick answer.|All sorted, thanks.}"),
    ),
)
WARRANTY: Final = Story(
    "warranty claim",
    "email",
    "Seam of my {item} is coming apart",
    120,
    "NF-2",
    (
        Turn(
            "in",
            0,
            "Hi,\n\nI bought the {item} (size {size}, {order}) {in the spring|a few months ago} and the taped seam on the left shoulder is {peeling off|letting water in}. I look after my kit, and this should not happen after {twenty|thirty} days of use. Photos attached.\n\nRegards\n{name}",
        ),
        Turn(
            "out",
            5 * HOUR,
            "Hello {name},\n\nthank you for the photos, that is plainly a fault of the tape and not of the wear. You can choose: our workshop in Kendal re-tapes it within ten days, or I send you a new one.\n\n{agent}",
        ),
        Turn("in", 14 * HOUR, "Repair, please. I like this one, and it would be a shame to throw it away."),
        Turn(
            "out",
            50,
            "Good choice. The label is attached; put the order number on a slip inside. You will hear from me when it leaves the workshop.",
        ),
        Turn(
            "note",
            4 * DAY,
            "Jacket in the workshop, both shoulders re-taped as a precaution. Batch 23-B again: third one this month, told purchasing.",
        ),
        Turn(
            "out",
            3 * DAY,
            "Your {item} is on its way back: {carrier} {track}. Both shoulders have new tape, with a fresh two-year warranty on the repair.\n\n{agent}",
        ),
    ),
)
ESCALATION: Final = Story(
    "angry escalation",
    "email",
    "COMPLAINT - third attempt",
    12,
    "NF-3",
    (
        Turn(
            "in",
            0,
            "This is the THIRD time I write about {order}. The {item} came with {a broken pole|a tear the length of my hand} and all I get is an automatic reply. I have a booked campsite {on Saturday|next week}. If I do not hear from a human being today I want my money back and I will say so wherever people read it.\n\n{name}",
        ),
        Turn(
            "note",
            11,
            "Took this over from the queue. The two earlier mails sat in the returns folder with no owner. That is on us. Calling now.",
        ),
        Turn(
            "call:out",
            9,
            "Spoke to {name} for eleven minutes. Rightly furious, calmed down when I did not argue. Agreed: new {item} by courier for tomorrow before noon, old one is collected at the same time, delivery charge refunded.",
        ),
        Turn(
            "out",
            14,
            "Hello {name},\n\nas promised on the phone: the replacement is with {carrier} ({track}), due tomorrow before 12. The driver takes the damaged one; no packing needed. I have refunded the delivery charge too.\n\nYou should never have had to write three times. My direct line is 020 7946 0018.\n\n{agent}",
        ),
        Turn("fact:refund", 3, "6.95"),
        Turn(
            "in",
            26 * HOUR,
            "It came at half past ten, and it is fine. I appreciate the call. {My faith is partly restored.|Why not like this the first time?}",
        ),
        Turn("note", 30, "Closed with a good ending. Raised the returns folder without an owner in Monday's meeting."),
    ),
)
ADDRESS_CHANGE: Final = Story(
    "address change",
    "sms",
    "",
    1,
    "NF",
    (
        Turn(
            "in",
            0,
            "Hi, I gave the wrong house number for {order}. Should be {14|27|9}, not {41|72|6}. Can you still change it? {name}",
        ),
        Turn(
            "out",
            7,
            "Hello {name}, just in time: it leaves the warehouse at four. Changed, and the label is printed anew. {agent}, Northfold",
        ),
        Turn("in", 4, "{Lifesaver, thanks!|Thank you so much}"),
    ),
)
QUOTE: Final = Story(
    "B2B quote",
    "email",
    "Quote for {12|18|24} x {item}",
    20,
    "NF",
    (
        Turn(
            "in",
            0,
            "Dear Northfold team,\n\nwe run {mountain days for schools|a small guiding company} and would like a quote for {twelve|eighteen} {item}, mixed sizes, delivered before the end of next month. We ordered one to try ({order}) and are happy with it. Is there a trade price, and can you invoice with 30 days?\n\nKind regards\n{name}",
        ),
        Turn(
            "note",
            40,
            "Trade customer in the making. Margin allows 15 % from ten pieces. Checked stock with the warehouse: enough in all sizes but the largest.",
        ),
        Turn(
            "out",
            3 * HOUR,
            "Dear {name},\n\nwith pleasure. From ten pieces we take 15 % off, and 30 days is fine after a short credit check. The offer is attached and holds for three weeks. The largest size would follow ten days later.\n\n{agent}",
        ),
        Turn("in", 2 * DAY, "Thank you. My treasurer asks whether {20 %|17.5 %} is possible if we take two more."),
        Turn(
            "out",
            5 * HOUR,
            "I may go to 17.5 % for the whole order, with the two more. The new offer is attached.\n\n{agent}",
        ),
        Turn("in", 1 * DAY, "Agreed. Please go ahead, the signed offer is attached."),
    ),
)
GIFT_CARD: Final = Story(
    "gift card",
    "chat",
    "Gift card does not work",
    30,
    "NF",
    (
        Turn(
            "in", 0, 'hello, my gift card says {"already redeemed"|"unknown code"} at the checkout but I never used it'
        ),
        Turn(
            "out",
            2,
            "Sorry about that, {name}. Could you send me the last four characters and roughly when it was bought?",
        ),
        Turn("in", 2, "{7KQD|M2XP|TT94}, a birthday present, {in March|two months ago}"),
        Turn(
            "out",
            4,
            "Found it. It was reserved by an abandoned basket of yours from Sunday evening and never given back. I have released it: the full £50 are on it again.",
        ),
        Turn("in", 1, "{oh! that makes sense. works now, thanks|it works, thank you :)}"),
    ),
)
RECALL: Final = Story(
    "recall",
    "email",
    "Safety notice: {item}, please stop using it",
    60,
    "NF-42",
    (
        Turn(
            "out",
            0,
            "Dear {name},\n\nyou bought a {item} from us (order {order}). The maker has found that the energy absorber of lots 4100 to 4180 may tear below its rated load. Please stop using it now, whatever its lot.\n\nWe collect it at no cost and refund the full price, or replace it from a new lot.\n\n{agent} for Northfold Outdoor",
        ),
        Turn(
            "in",
            5 * HOUR,
            "Thank you for telling me. Mine says lot {4122|4167|4099}. I take {the refund|a new one}, please.",
        ),
        Turn(
            "out",
            2 * HOUR,
            "Noted, {name}. Collection is booked for Thursday between 9 and 1. Please keep it away from anybody who might use it until then.",
        ),
        Turn("note", 1, "Recall 24-07: answered, collection booked."),
    ),
)
MISSING_PART: Final = Story(
    "missing part",
    "web_form",
    "Pegs missing",
    5,
    "NF-3",
    (
        Turn(
            "in",
            0,
            "Order {order}. Put up the {item} in the garden and {there are only eight pegs instead of fourteen|one guy line is missing}. Everything else is lovely. Could you send the rest? {name}",
        ),
        Turn(
            "out",
            4 * HOUR,
            "Hello {name},\n\nglad you checked in the garden and not on the hill. A full set is in the post today, first class. Keep the spares.\n\n{agent}",
        ),
    ),
)
STOCK: Final = Story(
    "back in stock",
    "social",
    "",
    3,
    "NF",
    (
        Turn("in", 0, "{hey|hiya}, when is the {item} back in {size}? the shop says sold out since forever"),
        Turn("out", 35, "Hello! The next delivery lands in about two weeks. Shall we put one aside for you?"),
        Turn("in", 12, "{yes please!!|yes! same name as my account}"),
        Turn("out", 6, "Done. You get a mail when it is here, and it waits three days."),
    ),
)
ADVICE: Final = Story(
    "advice before buying",
    "chat",
    "Which boots for winter?",
    -4,
    "NF-1",
    (
        Turn(
            "in",
            0,
            "hello! I plan {Ben Nevis in March|a week in the Cairngorms} and wonder whether the {item} take crampons",
        ),
        Turn(
            "out",
            2,
            "Good question. They take strap-on C1 crampons and no more. For graded winter routes I would go for the Helvellyn, which is stiffer.",
        ),
        Turn("in", 3, "just the {tourist path|plateau}, nothing steep"),
        Turn("out", 2, "Then these are right, with C1 and gaiters. Take them half a size up for thicker socks."),
        Turn("in", 1, "{perfect, ordering now|super helpful, thank you}"),
    ),
)
CANCEL: Final = Story(
    "cancelled order",
    "voice",
    "Cancellation of {order}",
    1,
    "NF",
    (
        Turn(
            "call:in",
            0,
            "{name} ordered the {item} twice by accident and wants {order} cancelled. Not packed yet: cancelled while on the phone. Mentioned that the confirmation mail looked the same for both, which is why. Four minutes.",
        ),
        Turn("fact:cancelled", 3, ""),
        Turn(
            "out:email",
            6,
            "Hello {name},\n\n{order} is cancelled and nothing will be charged. Your other order is not touched and leaves tomorrow.\n\n{agent}",
        ),
    ),
)

FIRST: Final = (
    LATE_PARCEL, WRONG_SIZE, REFUND, WARRANTY, ESCALATION, ADDRESS_CHANGE, QUOTE, GIFT_CARD, RECALL, MISSING_PART,
    STOCK, ADVICE, CANCEL,
)  # fmt: skip
