"""What people write to an outdoor shop, and how its desk answers: the second half of the scripts."""

from typing import Final

from app.demo.stories import DAY, FIRST, HOUR, Story, Turn

DAMAGED: Final = Story(
    "damaged on arrival",
    "email",
    "Parcel {order} arrived damaged",
    4,
    "NF",
    (
        Turn(
            "in",
            0,
            "Hello,\n\nthe box of {order} looked as if somebody had {stood on it|driven over a corner of it}, and the {item} inside is {bent|scratched all along one side}. I kept everything and took pictures before I opened it.\n\n{name}",
        ),
        Turn(
            "out",
            2 * HOUR,
            "Hello {name},\n\nthank you for the pictures, that is all we need. A new one leaves today; please leave the old one with a neighbour or in the porch, {carrier} collects it.\n\n{agent}",
        ),
        Turn("note", 5, "Claim with {carrier} opened for {track}. Photos forwarded."),
        Turn("in", 2 * DAY, "The new one is here, and perfect."),
    ),
)
INVOICE: Final = Story(
    "invoice copy",
    "email",
    "Invoice for {order}",
    25,
    "NF",
    (
        Turn(
            "in",
            0,
            "Hi, could I have a proper invoice with {my company's name|VAT shown} for {order}? {My accountant is asking.|It is for my tax return.}\n\n{name}",
        ),
        Turn(
            "out",
            4 * HOUR,
            "Hello {name}, attached. You also find it in your account under Orders, with one click, from now on.\n\n{agent}",
        ),
        Turn("in", 40, "{Perfect, thanks.|Thank you, did not know that.}"),
    ),
)
DISCOUNT: Final = Story(
    "code did not work",
    "chat",
    "Discount code",
    0,
    "NF",
    (
        Turn("in", 0, "I just paid for {order} and the {AUTUMN10|FRIENDS10} code was not taken off :("),
        Turn(
            "out",
            2,
            "Hello {name}, I see it: the code needs to be confirmed with the small arrow, which is too small. I take the ten per cent off by hand.",
        ),
        Turn("fact:refund", 2, "10%"),
        Turn("in", 1, "{that was quick, cheers|thank you!}"),
    ),
)
DELIVERY_DAY: Final = Story(
    "delivery day",
    "sms",
    "",
    2,
    "NF",
    (
        Turn("in", 0, "Can {order} come on Saturday instead of Thursday? Nobody in on Thursday. {name}"),
        Turn("out", 15, "Hello {name}, moved to Saturday 9-12 with {carrier}. {agent}, Northfold"),
        Turn("in", 3, "{Great, ta|Perfect}"),
    ),
)
REPAIR: Final = Story(
    "paid repair",
    "voice",
    "Broken zip on {item}",
    200,
    "NF-2",
    (
        Turn(
            "call:in",
            0,
            "{name} asks whether we mend zips: main zip of the {item} has lost teeth after {a fall|a winter on skis}. Not a warranty case, and {name} does not claim it is. Quoted £22 and two weeks. Sends it in.",
        ),
        Turn("note", 6 * DAY, "Arrived, zip replaced, cuff mended on the house."),
        Turn(
            "out:email",
            2 * DAY,
            "Hello {name},\n\nyour {item} is mended and on its way. The cuff was loose as well; that one is with our compliments.\n\n{agent}",
        ),
        Turn(
            "in:email",
            2 * DAY,
            "It is like new, and you did the cuff too! I will tell everybody in the club.\n\n{name}",
        ),
    ),
)
LOST_PASSWORD: Final = Story(
    "cannot sign in",
    "chat",
    "Cannot sign in",
    15,
    "NF",
    (
        Turn("in", 0, "the reset mail never arrives. tried {twice|four times} now"),
        Turn(
            "out",
            3,
            "Hello, I see three mails that your provider put off. Sent again from another server: is it there?",
        ),
        Turn("in", 2, "{yes! in spam, but there|got it now}"),
        Turn("out", 1, "Good. We are talking to them about it."),
    ),
)
SUBSCRIPTION: Final = Story(
    "unsubscribe",
    "email",
    "Please stop the newsletter",
    45,
    "NF",
    (
        Turn(
            "in",
            0,
            "I have clicked unsubscribe {twice|three times} and still get the newsletter. Please take me off. I do want the mails about my orders.\n\n{name}",
        ),
        Turn(
            "out",
            6 * HOUR,
            "Hello {name},\n\nyou were on two lists, and the link only knew one. You are off both; order mails stay.\n\nSorry for the noise\n{agent}",
        ),
    ),
)
PRICE_MATCH: Final = Story(
    "price match",
    "web_form",
    "Seen cheaper elsewhere",
    2,
    "NF",
    (
        Turn(
            "in",
            0,
            "I ordered the {item} ({order}) and saw it for £{12|15|20} less at another shop the same evening. Do you match prices? {name}",
        ),
        Turn(
            "out",
            18 * HOUR,
            "Hello {name}, within seven days we do, and you are in time. The difference goes back to your card today.\n\n{agent}",
        ),
        Turn("fact:refund", 4, "15.00"),
    ),
)
LEFT_OUT: Final = Story(
    "item missing",
    "email",
    "One item missing from {order}",
    4,
    "NF",
    (
        Turn(
            "in",
            0,
            "Hello,\n\nthe delivery note of {order} lists two pieces and there was only the {item} in the box. {Is the rest coming separately?|Has something gone wrong in the packing?}\n\n{name}",
        ),
        Turn(
            "out",
            70,
            "Hello {name},\n\nnothing is lost: the second piece comes from our Kendal store and travels alone. We ought to say so on the note, and from next month we do.\n\n{agent}",
        ),
        Turn("in", 20, "Ah, good to know. Thanks!"),
    ),
)
CLUB: Final = Story(
    "club evening",
    "voice",
    "Talk at the shop",
    90,
    "NF",
    (
        Turn(
            "call:in",
            0,
            "{name} from the walking club asks for an evening on navigation in the Keswick store, about {20|30} people, in {November|February}. Likes the idea of 10 % for the club that evening. Passed to Maren, who decides on events.",
        ),
        Turn("note", DAY, "Two dates offered by mail; store is free on both."),
        Turn(
            "out:email",
            10,
            "Hello {name},\n\nwe would love to have you. Either Thursday works for the store; tell us which, and we put up the chairs and a kettle.\n\n{agent}",
        ),
        Turn("in:email", 3 * DAY, "The second one, please. We are 26. Looking forward to it!\n\n{name}"),
    ),
)
SIZING: Final = Story(
    "sizing question",
    "social",
    "",
    -2,
    "NF-2",
    (
        Turn("in", 0, "does the {item} come up {small|large}? i'm usually between two sizes"),
        Turn("out", 22, "Hi! True to size, with room for a fleece. Between two, most people keep the smaller one."),
        Turn("in", 5, "{ok ordering, thx|cool thanks}"),
    ),
)
STOLEN: Final = Story(
    "parcel stolen",
    "voice",
    "Marked as delivered, not there",
    5,
    "NF",
    (
        Turn(
            "call:in",
            0,
            "{name} says that {order} is marked as delivered ({carrier}, {track}) with a photo of somebody else's door. Sounds credible, and the house number in the photo is another. Opened an inquiry and promised an answer within two days.",
        ),
        Turn("note", 20, "{carrier}: driver new on the round. They will ask at the house in the photo."),
        Turn(
            "out:sms",
            27 * HOUR,
            "Hello {name}, the driver found it two doors down and brings it today before six. {agent}, Northfold",
        ),
        Turn("in:sms", 5 * HOUR, "{Here it is. Thank you!|Got it, thanks for staying on it.}"),
    ),
)
PRAISE: Final = Story(
    "praise",
    "email",
    "Thank you",
    40,
    "NF",
    (
        Turn(
            "in",
            0,
            "No question today, only praise: the {item} has done {the West Highland Way|four days of rain in Snowdonia} with me, and I was warm and dry. And {agent} on your chat was patient with all my questions.\n\n{name}",
        ),
        Turn("out", 20 * HOUR, "Dear {name},\n\nthat made our morning, and it hangs in the kitchen now.\n\n{agent}"),
    ),
)

STORIES: Final = (
    *FIRST, DAMAGED, INVOICE, DISCOUNT, DELIVERY_DAY, REPAIR, LOST_PASSWORD, SUBSCRIPTION, PRICE_MATCH, LEFT_OUT, CLUB,
    SIZING, STOLEN, PRAISE,
)  # fmt: skip
